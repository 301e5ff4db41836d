"""PyTorch: see ``adapter`` for what is where."""
