"""Saving one tensor: what it looks at, what hangs on it; its bytes apart.

The tensor object stays the same one, as do its storage and its gradient, so that optimisers,
aliases and CUDA graphs that hold them keep holding the right ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.autograd import Layout, SavedAutograd
from dlmagic.frameworks.torch.storage import Place, SavedStorage, place_of


class SavedTensor:
    """A strided tensor without its bytes, which are its storage's and saved there.

    Attributes:
        tensor: The tensor itself.
        version: Its count of in-place operations, None for one that keeps none.
        place: The key of its storage.
        bytes: Its saved storage, once the two have been brought together.
    """

    bytes: SavedStorage | None = None

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self._kind = type(tensor)
        self.version = compat.version_of(tensor)
        self.storage = tensor.untyped_storage()
        self.place: Place | None = place_of(self.storage)
        self._layout = Layout(tensor.data)
        self._autograd = SavedAutograd(tensor)

    def changed(self) -> bool:
        """By counters and identities first; the bytes tell of writes that no counter saw."""
        return (
            type(self.tensor) is not self._kind
            or compat.version_of(self.tensor) != self.version
            or not self._layout.fits(self.tensor)
            or self._autograd.changed()
            or (self.bytes is not None and self.bytes.changed())
        )

    def restore(self) -> None:
        """Put back all but the bytes, the version counter last.

        Raises:
            StateError: An in-place operation joined the tensor to an autograd graph for good.
        """
        if type(self.tensor) is not self._kind:
            self._give_back_shape()
        self._layout.put_back(self.tensor)
        self._autograd.restore()
        if self.version is not None and compat.version_of(self.tensor) != self.version:
            if self.bytes is not None:
                self.bytes.require_copy()  # the counter is its witness
            compat.set_version(self.tensor, self.version)

    def children(self) -> Iterable[tuple[str, object]]:
        """The storage, and what hangs on the tensor."""
        yield "", self.storage
        yield from self._autograd.children()

    def _give_back_shape(self) -> None:
        """For a parameter of a lazy module, from which an earlier snapshot took its shape."""
        self.tensor.data = self._layout.alias
        self.tensor.__class__ = self._kind
