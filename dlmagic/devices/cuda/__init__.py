"""What CUDA sees of the GPUs in this process, and whether that can still be changed."""
