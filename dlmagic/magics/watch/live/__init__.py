"""The live view of a training: layers by time, while it runs."""
