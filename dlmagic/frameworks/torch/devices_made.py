"""How far PyTorch has got with CUDA in this process."""

from __future__ import annotations

import torch

from dlmagic.frameworks.devices_made import DevicesMade
from dlmagic.frameworks.torch import _compat as compat


def devices_made() -> DevicesMade:
    """What PyTorch has decided: nothing that CUDA has not.

    ``torch.cuda.is_available()`` starts CUDA, too, and leaves no trace in PyTorch.
    """
    built_with_cuda = torch.version.cuda is not None
    started = torch.cuda.is_initialized()
    return DevicesMade(
        "PyTorch",
        started_cuda=True if started else None if built_with_cuda else False,
        decided=started,
        forked=compat.in_bad_fork(),
    )
