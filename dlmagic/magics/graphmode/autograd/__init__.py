"""``%%autograd``: the graph that gradients flow through, backwards."""
