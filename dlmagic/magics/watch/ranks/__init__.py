"""``%watch --on``: a model that all ranks of a cluster train, watched on each of them."""
