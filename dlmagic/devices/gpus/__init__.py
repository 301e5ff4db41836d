"""NVIDIA's GPUs: what each says about itself, who uses it, and how far that can be trusted."""
