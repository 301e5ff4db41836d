"""A recurrent layer, or attention, that goes along the samples instead of along the time."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Operation, Seen, sources
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_LAYERS = {
    "lstm": ("LSTM",),
    "gru": ("GRU",),
    "rnn_tanh": ("RNN",),
    "rnn_relu": ("RNN",),
    "multi_head_attention_forward": (
        *("MultiheadAttention", "TransformerEncoderLayer"),
        *("TransformerDecoderLayer", "Transformer"),
    ),
}
_LOSSES = frozenset(
    {
        *("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
    }
)


class Rule(Listening):
    """Where a loss has as many labels as the axis that the layer goes along."""

    kind = "wrong-sequence-axis"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._layer: Operation | None = None
        self._known: set[int] = set()

    def hear(self, event: Event) -> None:
        """A loss, and the layer behind its prediction."""
        if not isinstance(event, Operation) or event.name not in _LOSSES or len(event.inputs) < 2:
            return
        prediction, labels = event.inputs[:2]
        for seen in sources(prediction, self._known):
            layer = seen.maker
            if layer is not None and layer.name in _LAYERS and _along_samples(layer, labels):
                self._layer = layer

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Once, where the layer is made if the cell makes it."""
        layer = self._layer
        if layer is None:
            return
        time, samples = layer.inputs[0].shape[:2]
        name = _LAYERS[layer.name][0]
        made = _lines_that_make(after.tree, _LAYERS[layer.name])
        yield Mistake(
            f"{name} reads the first axis as time, and here that is the {time} samples: it runs "
            f"from sample to sample, for {samples} time steps side by side.",
            line=made[0] if len(made) == 1 else layer.frame.line if layer.frame else None,
            text="Make it with batch_first=True, or give it x.transpose(0, 1).",
        )


def _along_samples(layer: Operation, labels: Seen) -> bool:
    """Whether the labels are one for each sample on the axis that stands for the time."""
    if not layer.inputs or not labels.shape or _is_batch_first(layer):
        return False
    shape = layer.inputs[0].shape
    if len(shape) != 3 or shape[1] == 1 or shape[0] == shape[1]:
        return False
    return labels.shape[0] == shape[0] and shape[1] not in labels.shape[1:]


def _is_batch_first(layer: Operation) -> bool:
    """The last argument of a recurrent layer; attention is always told with the time first."""
    return layer.name in ("lstm", "gru", "rnn_tanh", "rnn_relu") and layer.arguments[-1] is True


def _lines_that_make(tree: ast.Module, names: tuple[str, ...]) -> list[int]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] in names]
    return [
        call.lineno
        for call in found
        if not any(keyword.arg == "batch_first" for keyword in call.keywords)
    ]
