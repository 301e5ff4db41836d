"""What an engine notes of a model, whatever the framework: what layers hold, and their calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlmagic.magics.watch.summary.result import ArraySpec


@dataclass(frozen=True)
class Weight:
    """A parameter.

    Attributes:
        identity: The same for a parameter that several layers share.
        name: Its name in the layer that holds it, such as ``"weight"``.
        size: How many values it has.
        nbytes: How many bytes they take.
        trainable: Whether it is trained.
    """

    identity: int
    name: str
    size: int
    nbytes: int
    trainable: bool


@dataclass(frozen=True)
class Holder:
    """A layer as it lies in the model, called or not.

    Attributes:
        path: Its path in the model; empty for the model itself.
        kind: Its class.
        own: The parameters that it holds itself.
        inside: Those that it and the layers inside hold, each once.
        also: Other paths of the same layer.
        group: Whether it only groups layers and is never called, such as a ``ModuleList``.
    """

    path: str
    kind: str
    own: tuple[Weight, ...]
    inside: tuple[Weight, ...]
    also: tuple[str, ...] = ()
    group: bool = False


@dataclass(eq=False)
class Call:
    """One call of a layer, as far as it has been noted. What is noted is its own alone.

    Attributes:
        path: The layer's path.
        parent: The call in which it happens; None for that of the model.
        outputs: What came out.
        flops: FLOPs of its forward pass without those of layers inside; None: not counted.
        flops_backward: Those of its backward pass.
        activation_bytes: Bytes of its outputs that nothing else has.
        forward_seconds: How long the call took, layers inside included.
        backward_seconds: Time of its backward pass without layers inside.
        remark: What is special about it.
    """

    path: str
    parent: Call | None = None
    outputs: tuple[ArraySpec, ...] = ()
    flops: float | None = None
    flops_backward: float | None = None
    activation_bytes: int | None = None
    forward_seconds: float | None = None
    backward_seconds: float | None = None
    remark: str = ""


@dataclass
class Looked:
    """What came of looking at a model.

    Attributes:
        holders: Its layers, in the order in which they lie in the model.
        calls: Calls in the order in which they began.
        used: Identities of the parameters that were computed with; None where nobody noted it.
        inputs: What went in.
        ran: Whether the model really ran.
        repetitions: How many measured runs there were.
        notes: What the user should know.
        device: Where the model is.
        training: Whether it is in training mode; None where it has no modes.
        buffer_bytes: Bytes of what it holds beside its parameters.
    """

    holders: tuple[Holder, ...]
    calls: list[Call] = field(default_factory=list)
    used: frozenset[int] | None = None
    inputs: tuple[ArraySpec, ...] = ()
    ran: bool = False
    repetitions: int = 0
    notes: list[str] = field(default_factory=list)
    device: str = ""
    training: bool | None = None
    buffer_bytes: int = 0
