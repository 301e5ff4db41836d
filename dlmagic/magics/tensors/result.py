"""What ``%tensors`` returns: one entry for each tensor, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.result import Result


@dataclass(frozen=True)
class Numbers:
    """What the numbers of a tensor are like.

    Attributes:
        mean: Of the finite ones; None where there is none.
        smallest: Of the finite ones, or None.
        largest: Likewise.
        nans: How many are not a number.
        infinities: How many are infinite.
    """

    mean: float | None = None
    smallest: float | None = None
    largest: float | None = None
    nans: int = 0
    infinities: int = 0


@dataclass(frozen=True)
class TensorInfo:
    """One tensor or array, or all those of a module together. None is what nobody knows.

    Attributes:
        name: What the user calls it: ``"x"``, ``"batch[0]"``, ``"Out[4]"``.
        kind: Its class, such as ``"Parameter"``, ``"ndarray"`` or ``"Linear"``.
        shape: Elements per axis, ``"?"`` for an axis of open length.
        dtype: Such as ``"float32"``; all of them for a module.
        device: Such as ``"cuda:0"``; all of them for a module.
        strides: Elements to step over for the next one on each axis.
        contiguous: Whether the elements lie in order without gaps.
        requires_grad: Whether gradients are recorded, or a variable is trained.
        nbytes: Bytes of its elements.
        shares_with: Names of others that lie in the same memory.
        kept_by: What else holds it: ``"Out[4]"``, ``"the last error"``.
        remark: What is special about it, or an empty text.
        numbers: What its numbers are like; None unless asked for.
    """

    name: str
    kind: str
    shape: tuple[int | str, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    strides: tuple[int, ...] | None = None
    contiguous: bool | None = None
    requires_grad: bool | None = None
    nbytes: int | None = None
    shares_with: tuple[str, ...] = ()
    kept_by: tuple[str, ...] = ()
    remark: str = ""
    numbers: Numbers | None = None


@dataclass(frozen=True, repr=False, kw_only=True)
class TensorTable(Result):
    """The tensors of a notebook.

    Attributes:
        tensors: In the order that was asked for.
        pattern: Which names were asked for, or an empty text for all.
        nbytes: Bytes of all memory that the tensors of the notebook keep, what they share counted
            once; as far as it is known.
        complete: Whether everything was looked at; very long lists are not.
    """

    view: ClassVar[str] = "dlmagic.magics.tensors.view"

    tensors: tuple[TensorInfo, ...] = ()
    pattern: str = ""
    nbytes: int = 0
    complete: bool = True

    def __getitem__(self, name: str) -> TensorInfo:
        """The entry of this name.

        Raises:
            KeyError: There is none.
        """
        for each in self.tensors:
            if each.name == name:
                return each
        raise KeyError(name)
