"""From a model, and perhaps an input, to its summary."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.environment import Environment
from dlmagic.errors import InputError, with_article
from dlmagic.frameworks.entries import KERAS, PYTORCH, where_none_is_installed
from dlmagic.frameworks.registry import loaded_frameworks
from dlmagic.magics.watch.steps import how_flax_is_shown, is_flax
from dlmagic.magics.watch.summary.calls import Looked
from dlmagic.magics.watch.summary.findings import findings_about, notes_about
from dlmagic.magics.watch.summary.request import Request
from dlmagic.magics.watch.summary.result import ModelSummary
from dlmagic.magics.watch.summary.rows import rows_of, total

_HERE = "dlmagic.magics.watch.summary"
_LOOKS = {
    "keras": (f"{_HERE}.keras_summary", "KerasLook"),
    "torch": (f"{_HERE}.torch_summary", "TorchLook"),
}
"""Who looks at the models of a framework. A layer of Keras may be a module of PyTorch as well."""


def summarise(request: Request) -> ModelSummary:
    """Look at a model, and put everything back.

    Raises:
        InputError: It is no model, or it does not take the input.
        StateError: Something that the model reaches could not be put back.
        Exception: What the model itself raises.
    """
    module, name = _LOOKS[_framework_of(request)]
    home: Any = import_module(module)
    look = getattr(home, name)(request)
    looked = look.look(lambda: _snapshot(request))
    return _summary(request, looked, look.kind, home.FRAMEWORK)


def is_model(value: object) -> bool:
    """Whether it is a model of a framework that the user has imported."""
    return any(_is_model(framework, value) for framework in _LOOKS)


def _framework_of(request: Request) -> str:
    for framework in _LOOKS:
        if _is_model(framework, request.model):
            return framework
    name = request.name or "This"
    if isinstance(request.model, type):
        kind = request.model.__name__
        raise InputError(f"{name} is the class {kind}; a model is what {kind}(...) makes.")
    if is_flax(request.model):
        raise InputError(
            f"{name} is a model of Flax; %summary shows those of PyTorch and Keras.",
            how_flax_is_shown(request.model, request.name or "model"),
        )
    raise InputError(
        f"{name} is {with_article(type(request.model).__name__)}, not a model.",
        _models_among(request.namespace),
    )


def _is_model(framework: str, value: object) -> bool:
    """Asked of what the user has imported only: of others there can be no model."""
    loaded: Any = sys.modules.get(framework)
    if framework == "keras":
        kind = getattr(loaded, "Layer", None)
    else:
        kind = getattr(getattr(loaded, "nn", None), "Module", None)
    return isinstance(kind, type) and isinstance(value, kind)


def _models_among(namespace: Mapping[str, object]) -> str:
    names = [n for n, value in namespace.items() if not n.startswith("_") and is_model(value)]
    if not names:
        missing = where_none_is_installed(PYTORCH, KERAS)
        return missing or "No name here is a model of PyTorch or Keras."
    return f"Models here: {', '.join(names)}."


def _snapshot(request: Request) -> Snapshot:
    """Everything that a run of the model may change; of the input, the model gets a copy.

    Where the model has a name, the globals that its functions and hooks use belong to it.
    """
    known, names = request.namespace, request.names
    if isinstance(known, dict) and any(known.get(name) is request.model for name in names):
        return take_snapshot(known, names, frameworks=loaded_frameworks())
    own: dict[str, object] = {request.name or "model": request.model, "the input": request.value}
    return take_snapshot(own, own, frameworks=loaded_frameworks())


def _summary(request: Request, looked: Looked, kind: str, framework: str) -> ModelSummary:
    rows = rows_of(looked)
    weights = looked.holders[0].inside
    sizes = {weight.identity: weight.nbytes for weight in weights}
    return ModelSummary(
        environment=Environment.capture(),
        findings=tuple(findings_about(looked)),
        name=request.name,
        kind=kind,
        framework=framework,
        rows=rows,
        inputs=looked.inputs,
        source="parameters" if not looked.calls else "run" if looked.ran else "shapes",
        parameters=total(weights),
        trainable=total(weight for weight in weights if weight.trainable),
        parameter_bytes=sum(sizes.values()),
        buffer_bytes=looked.buffer_bytes,
        repetitions=looked.repetitions,
        device=looked.device,
        training=looked.training,
        depth=request.depth,
        notes=(*looked.notes, *notes_about(rows, looked)),
    )
