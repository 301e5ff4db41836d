"""Step functions of JAX, with the layers that Flax tells."""
