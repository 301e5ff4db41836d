"""The machine without NVIDIA's GPUs: processor, memory, linear algebra, other accelerators."""
