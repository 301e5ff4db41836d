"""What CUDA sees of the GPUs in this process, and whether that can still be changed.

In the order of a pick: ``allocation`` (which GPUs this process was given), ``state`` and
``advice`` (whether it is too late to choose among them), ``naming`` (what to write for those that
were chosen), ``preallocating`` (who would take all their memory), and, once CUDA is in use,
``confirmed`` (whether it has them).
"""
