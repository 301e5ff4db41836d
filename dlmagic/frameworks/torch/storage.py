"""Saving the bytes behind tensors: small storages at once, large ones at their first write.

A storage is what views share, so it is saved once however many tensors look into it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from dlmagic.errors import StateError
from dlmagic.frameworks.protocol import SavedContents
from dlmagic.frameworks.torch import _compat as compat

COPIED_AT_ONCE = 1 << 20
"""Storages up to this many bytes are copied when they are saved: watching them costs more."""

Place = tuple[str, int]


def place_of(storage: torch.UntypedStorage) -> Place | None:
    """Where the memory lies: the same for every tensor that looks into it; None without memory."""
    if storage.device.type == "meta" or storage.nbytes() == 0:
        return None
    return str(storage.device), storage.data_ptr()


class SavedStorage(SavedContents):
    """The bytes of one storage.

    Whether they changed is told by the version counters of the tensors that look into it (see
    :meth:`watch`) or, where a copy exists, by the bytes. In-place writes through ``.data`` or a
    NumPy view raise no counter; :class:`~dlmagic.frameworks.torch.first_writes.FirstWrites`
    sees to it that such storages have a copy.

    Attributes:
        storage: The storage itself; holding it keeps its memory alive.
        size: Bytes when it was saved.
        ahead: Whether the memory is not PyTorch's own (``from_numpy``) and has other writers.
        place: Its key among the storages of one snapshot, None for one without memory.
        copy: The bytes as they were, or None while nothing has written there.
    """

    def __init__(self, storage: torch.UntypedStorage) -> None:
        self.storage = storage
        self.size = storage.nbytes()
        self.place = place_of(storage)
        self.copy: Tensor | None = None
        self._bytes = _bytes_of(storage) if self.place is not None else None
        self._versions: dict[int, tuple[Tensor, int]] = {}
        self.ahead = self.place is not None and not storage.resizable()
        if self.size <= COPIED_AT_ONCE:
            self.copy_now()

    @property
    def has_copy(self) -> bool:
        """Whether the bytes have been copied."""
        return self.copy is not None

    def watch(self, tensor: Tensor, version: int | None) -> None:
        """Let a tensor that looks into this storage tell of writes by its version counter.

        Tensors made in inference mode keep no counter: their bytes are copied at once.
        """
        if version is None:
            self.copy_now()
        else:
            self._versions[id(tensor)] = (tensor, version)

    def copy_now(self) -> None:
        """Keep the bytes as they are now, unless a copy exists already."""
        if self.copy is None and self._bytes is not None:
            self.copy = self._bytes.clone()

    def changed(self) -> bool:
        """Cheap where a counter moved, as after a training step; else the bytes are compared."""
        if self.storage.nbytes() != self.size or self._counter_moved():
            return True
        if self.copy is None or self._bytes is None:
            return False
        return not torch.equal(self._bytes, self.copy)

    def restore(self) -> None:
        """Copy the bytes back.

        Raises:
            StateError: There is no copy, because the first run of the cell did not write here.
        """
        self.require_copy()
        if self.storage.nbytes() != self.size:
            self.storage.resize_(self.size)
        if self.copy is not None and self._bytes is not None:
            self._bytes.copy_(self.copy)

    def require_copy(self) -> None:
        """Refuse where there was a write and no copy was taken.

        Raises:
            StateError: The first run of the cell did not write here, a later one did.
        """
        if self.copy is None and self._counter_moved():
            raise StateError(
                f"A tensor of {self.size} bytes was changed in a later run of the cell but not "
                "in its first one, so it could not be put back.",
                "Let every run of the cell change the same values.",
            )

    def children(self) -> Iterable[tuple[str, object]]:
        """A storage is a leaf."""
        return ()

    def _counter_moved(self) -> bool:
        return any(
            compat.version_of(tensor) != version for tensor, version in self._versions.values()
        )


def _bytes_of(storage: torch.UntypedStorage) -> Tensor:
    """A tensor of bytes over the storage, with a version counter of its own."""
    with torch.inference_mode(False), torch.no_grad():
        return torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
