"""``dlmagic.watch``: the same for scripts and other notebooks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from dlmagic.errors import InputError
from dlmagic.magics.watch.engine import begin, begin_step
from dlmagic.magics.watch.models import is_model, require_model
from dlmagic.magics.watch.request import WatchRequest
from dlmagic.magics.watch.steps import is_step


def watch(
    model: object,
    layers: str | None = None,
    *,
    every: int | None = None,
    budget: str | float | None = None,
    exact: bool = False,
    loss: str | None = None,
    stop_on: str | Sequence[str] | None = None,
    to: str | None = None,
    name: str | None = None,
    on: object = None,
) -> Any:
    """Watch every layer of a model while it trains.

    ::

        with dlmagic.watch(model, loss="loss") as session:
            train(model)
        print(session.result())

    JAX has no models that train: there, a step function takes the place of the model, and what
    is returned is called instead of it::

        train_step = dlmagic.watch(train_step)
        state, loss = train_step(state, batch)
        print(train_step.session.result())

    Args:
        model: A model of PyTorch or Keras, or a step function of JAX, compiled or not.
        layers: Only these, such as ``"encoder.*, Linear"``.
        every: Measure one step in so many; by default as often as the budget allows.
        budget: Share of the time that measuring may take, ``"1%"`` by default.
        exact: Look at all values, and not at an evenly spread part.
        loss: Name of the loss in the code that trains.
        stop_on: End the training on ``"nan"``, ``"explode"`` or both.
        to: Write the figures to ``"wandb"``, ``"tensorboard"`` or ``"tensorboard:FOLDER"``, too.
        name: What to call the model; by default the name that it has where this is called.
        on: A view, client or started cluster of ipyparallel. The model is then the name that it
            has in the namespaces of the engines, and each watches its own.

    Returns:
        The :class:`~dlmagic.WatchSession`; as a context manager it ends with its block. Of a step
        function, one that is watched; its results are bitwise the same, and its ``session`` is
        there from the first call on, which tells the layers.

    Raises:
        InputError: That is no model, or an argument cannot be used.
        RankError: An engine does not answer.
    """
    request = WatchRequest.of(
        layers=layers, every=every, budget=budget, exact=exact, loss=loss, stop_on=stop_on, to=to
    )
    if on is not None:
        return _watch_on(on, model, request)
    caller = sys._getframe(1)
    called = name or _name_of(model, caller)
    if is_step(model) and not is_model(model):
        return begin_step(model, called, request, caller.f_globals)
    require_model(model, called or "The argument", caller.f_globals)
    return begin(model, called or type(model).__name__, request, caller.f_globals)


def _watch_on(on: object, model: object, request: WatchRequest) -> Any:
    from dlmagic.cluster.targets import engines_of
    from dlmagic.magics.watch.ranks.session import begin as begin_on

    if not isinstance(model, str):
        raise InputError(
            "With on=, the model is a name in the engines' namespaces, as a text.",
            'Write: dlmagic.watch("model", on=view).',
        )
    return begin_on(engines_of(on), model, request)


def _name_of(model: object, frame: FrameType) -> str:
    """What the caller calls a value; an empty text if nothing."""
    for names in (frame.f_locals, frame.f_globals):
        for name, value in list(names.items()):
            if value is model and not name.startswith("_"):
                return name
    return ""
