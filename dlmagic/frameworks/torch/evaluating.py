"""Modules that are set to evaluate though they have dropout."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from types import FrameType

from torch import Tensor, nn

_LAYERS = (
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.AlphaDropout, nn.FeatureAlphaDropout),
)
_FUNCTIONS = frozenset(
    {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"}
)
DROPPING = _FUNCTIONS | {"lstm", "gru", "rnn_tanh", "rnn_relu", "multi_head_attention_forward"}
"""Functions of PyTorch that drop values, or may."""
_CALL = nn.Module.__call__.__code__


class Dropping:
    """Models that were seen to call a function which drops values, as a whole."""

    def __init__(self) -> None:
        self._models: dict[int, weakref.ref[nn.Module]] = {}

    def note(self, frame: FrameType | None) -> None:
        """Find the outermost module whose call a stack of running code is in."""
        model = None
        while frame is not None:
            # Of this function of PyTorch alone: it holds its arguments until it returns anyway.
            if frame.f_code is _CALL:
                model = frame.f_locals.get("self")
            frame = frame.f_back
        if isinstance(model, nn.Module):
            self._models[id(model)] = weakref.ref(model)

    def evaluating(self, parameters: Iterable[Tensor]) -> Iterator[nn.Module]:
        """Those that hold some parameters and evaluate, with dropout in them.

        Modules of which only a part evaluates, as frozen layers do, do not count.

        Args:
            parameters: Those of an optimiser that have a gradient.
        """
        wanted = {id(parameter) for parameter in parameters}
        for reference in self._models.values():
            model = reference()
            if model is not None and not any(part.training for part in model.modules()):
                has_some = any(id(parameter) in wanted for parameter in model.parameters())
                if has_some and any(_drops(part) for part in model.modules()):
                    yield model


def _drops(module: nn.Module) -> bool:
    if isinstance(module, _LAYERS):
        return bool(module.p > 0)
    if isinstance(module, nn.RNNBase):
        return bool(module.dropout > 0 and module.num_layers > 1)
    if isinstance(module, nn.MultiheadAttention):
        return bool(module.dropout > 0)
    # F.dropout(x, training=self.training), in a forward() of the user's.
    names = set(getattr(getattr(type(module).forward, "__code__", None), "co_names", ()))
    users = not type(module).__module__.startswith("torch.")
    return users and "training" in names and bool(names & _FUNCTIONS)
