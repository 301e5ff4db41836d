"""What ``%summary`` returns: one entry for each call of a layer, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from dlmagic.result import Result

Source = Literal["parameters", "shapes", "run"]


@dataclass(frozen=True)
class ArraySpec:
    """Shape and type of a tensor that goes into a model or comes out of a layer.

    Attributes:
        shape: Elements per axis; None for an axis of open length.
        dtype: Such as ``"float32"``.
    """

    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer, or a layer that was not called. None is what nobody knows.

    FLOPs, bytes and times are those of the layer with all that it calls inside.

    Attributes:
        layer: The layer's path in the model, such as ``"encoder.0.linear"``; an empty text is the
            model itself.
        kind: The layer's class.
        depth: How many rows it is inside of; 0 for the model.
        parent: The place of the row that it is inside of; -1 for the model.
        call: Which call of the layer this is, from 1; 0 where it was not called.
        calls: How often the layer is called in all.
        outputs: The tensors that come out.
        parameters: Values in the parameters of the layer and of all layers inside it.
        trainable: Those of them that are trained.
        own: Those that the layer holds itself.
        counted: Those that are counted here for the first time; over all rows they add up to the
            model's.
        flops: Floating point operations of the forward pass; a multiply-add counts as two.
        flops_backward: Those of the backward pass.
        activation_bytes: Bytes that the outputs take which are not in memory already.
        gradient_bytes: Bytes that the gradients of the parameters take.
        forward_seconds: Time of the forward pass (median).
        backward_seconds: Time of the backward pass (median).
        shared: Other places of its own parameters, such as ``"decoder.weight"``.
        remark: What is special about it, or an empty text.
    """

    layer: str
    kind: str
    depth: int
    parent: int
    call: int
    calls: int
    outputs: tuple[ArraySpec, ...] = ()
    parameters: int = 0
    trainable: int = 0
    own: int = 0
    counted: int = 0
    flops: float | None = None
    flops_backward: float | None = None
    activation_bytes: int | None = None
    gradient_bytes: int | None = None
    forward_seconds: float | None = None
    backward_seconds: float | None = None
    shared: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, repr=False, kw_only=True)
class ModelSummary(Result):
    """A model, layer by layer.

    Attributes:
        name: What the user calls the model.
        kind: Its class.
        framework: Such as ``"PyTorch"``.
        rows: Every call of every layer in the order of the calls, the model itself first; layers
            that were not called follow at the end of what holds them.
        inputs: The tensors that went in; empty where no input was given.
        source: Where shapes are from: ``"parameters"`` (no input, none known), ``"shapes"``
            (worked out without computing anything) or ``"run"``.
        parameters: Values in all parameters, each counted once.
        trainable: Those of them that are trained.
        parameter_bytes: Bytes of the parameters.
        buffer_bytes: Bytes of what the model holds beside them, such as running means.
        repetitions: How many runs the times are the median of; 0 where none was measured.
        device: Where the model is.
        training: Whether the model was looked at in training mode; None where it has no modes.
        depth: How deep the user wants the table to go; None leaves it to the view.
        notes: What the user should know about how it was looked at, one sentence each.
    """

    view: ClassVar[str] = "dlmagic.magics.watch.summary.view"

    name: str = ""
    kind: str = ""
    framework: str = ""
    rows: tuple[LayerCall, ...] = ()
    inputs: tuple[ArraySpec, ...] = ()
    source: Source = "parameters"
    parameters: int = 0
    trainable: int = 0
    parameter_bytes: int = 0
    buffer_bytes: int = 0
    repetitions: int = 0
    device: str = ""
    training: bool | None = None
    depth: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def flops(self) -> float | None:
        """FLOPs of a forward pass."""
        return self.rows[0].flops if self.rows else None

    @property
    def flops_backward(self) -> float | None:
        """FLOPs of a backward pass."""
        return self.rows[0].flops_backward if self.rows else None

    @property
    def activation_bytes(self) -> int | None:
        """Bytes of the outputs of all layers, what they share counted once."""
        return self.rows[0].activation_bytes if self.rows else None

    @property
    def gradient_bytes(self) -> int | None:
        """Bytes of the gradients of all parameters."""
        return self.rows[0].gradient_bytes if self.rows else None

    @property
    def forward_seconds(self) -> float | None:
        """Time of a forward pass (median)."""
        return self.rows[0].forward_seconds if self.rows else None

    @property
    def backward_seconds(self) -> float | None:
        """Time of a backward pass (median)."""
        return self.rows[0].backward_seconds if self.rows else None

    def calls_of(self, layer: str) -> tuple[LayerCall, ...]:
        """Every call of a layer, by its path."""
        return tuple(row for row in self.rows if row.layer == layer)

    def __getitem__(self, layer: str) -> LayerCall:
        """The first call of a layer.

        Raises:
            KeyError: There is no such layer.
        """
        for row in self.rows:
            if row.layer == layer:
                return row
        raise KeyError(layer)
