"""A layer or a model of Keras that does not know yet what it is given."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (
    re.compile(r"the layer isn't built|has not yet been built|hasn't been built"),
    re.compile(r"[Ww]eights for model .* have not yet been created|has never been called"),
    re.compile(r"model cannot be saved .* input shapes have not been set", re.DOTALL),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, and what builds it."""
    call, known = called(failure.site), keras_rules()
    layer = call.owner if call else None
    if layer is None or known is None or not known.is_layer(layer.value):
        return None
    if getattr(layer.value, "built", True):
        return None
    text = f"Call {layer.name} on data once, call {layer.name}.build, or begin with keras.Input."
    return Explained(
        kind="not-built",
        message=f"{layer.name} has no weights yet: it has not been told the shape of its input.",
        operands=(layer,),
        candidates=(Candidate(text),),
    )
