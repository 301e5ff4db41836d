"""``%gpus pick``: take a free GPU before CUDA starts, so that nobody else takes it as well."""
