"""What CUDA's driver library answers to being started: read by a process of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from dlmagic.devices.driver.children import Answer
from dlmagic.devices.reading import Reason

_VERSION = re.compile(r"\.so\.(\d+(?:\.\d+)+)$")


@dataclass(frozen=True)
class CudaLibrary:
    """CUDA's driver library as this process would get it.

    Attributes:
        file: Where it lies; None where it was not loaded, or that is not told.
        missing: Why it could not be loaded, in the loader's words; None where it could.
        broken: Why it gave no answer: it crashed, or did not come back; None where it did.
        code: What ``cuInit`` returned; None where it did not.
        cuda: The newest CUDA that it runs, such as ``(12, 2)``; None where nobody knows.
        devices: How many it gives to this process.
    """

    file: str | None = None
    missing: str | None = None
    broken: Reason | None = None
    code: int | None = None
    cuda: tuple[int, int] | None = None
    devices: int = 0

    @property
    def works(self) -> bool:
        """Whether CUDA has started and gives a device."""
        return self.code == 0 and self.devices > 0

    @property
    def version(self) -> str | None:
        """The driver that it belongs to, as the name of its file says."""
        found = _VERSION.search(self.file or "")
        return found[1] if found else None

    @property
    def folder(self) -> str:
        """The folder where it lies."""
        return str(PurePath(self.file).parent) if self.file else ""


def read_library(answer: Answer) -> CudaLibrary:
    """What a child of :mod:`dlmagic.devices.driver.cuda_child` told."""
    told = answer.value
    if isinstance(told, Reason):
        return CudaLibrary(broken=told)
    if "missing" in told:
        return CudaLibrary(missing=told["missing"])
    number = told["cuda"]
    cuda = (number // 1000, number % 1000 // 10) if number else None
    return CudaLibrary(told["library"], None, None, told["code"], cuda, told["devices"])
