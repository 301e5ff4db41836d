"""PyTorch models while they train: hooks, what is copied on measured steps, its statistics."""
