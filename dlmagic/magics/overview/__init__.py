"""``%dlmagic``: what there is, what it runs on, and notebooks to begin with."""
