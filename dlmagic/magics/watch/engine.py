"""All models that are watched in this process: a model once, a name once."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dlmagic.environment import Environment
from dlmagic.errors import InputError, nearest
from dlmagic.magics.watch.beginnings import tell_beginning
from dlmagic.magics.watch.models import watcher_of
from dlmagic.magics.watch.request import WatchRequest
from dlmagic.magics.watch.result import WatchedModel, WatchList, WatchResult
from dlmagic.magics.watch.session import WatchSession
from dlmagic.magics.watch.stopping import StopWish
from dlmagic.magics.watch.watcher import Watcher

if TYPE_CHECKING:
    from dlmagic.magics.watch.jax.watched import WatchedStep

_sessions: list[WatchSession] = []
_turn = threading.RLock()  # of who begins or ends one
_process = os.getpid()


def begin(
    model: object,
    name: str,
    request: WatchRequest,
    namespace: Mapping[str, object],
    watcher: Watcher | None = None,
) -> WatchSession:
    """Watch a model; one that is watched already is watched on, as is asked for now.

    Args:
        model: The model.
        name: What it is called. A model that had this name until now is let go.
        request: How.
        namespace: The user's names.
        watcher: What measures it, where that is there already.

    Raises:
        InputError: The model or the request cannot be used.
    """
    with _turn:
        for session in _sessions.copy():
            if session.model is model:
                if _goes_on(session.request, request):
                    session.update(request, namespace)
                    session.name = name
                    return session
                session.stop("it was watched again in another way")
            elif session.name == name:
                session.stop(f"another model is called {name} now")
        watcher = watcher or watcher_of(model, (), request.rate)
        return _begin(model, name, request, namespace, watcher)


def begin_step(
    step: object, name: str, request: WatchRequest, namespace: Mapping[str, object]
) -> WatchedStep:
    """Watch a step function of JAX.

    Args:
        step: The function; one that is watched already stands for what it was made of.
        name: What it is called; an empty text is its own name.
        request: How.
        namespace: The user's names.

    Returns:
        What is called instead of it.

    Raises:
        InputError: The request cannot be used.
    """
    from dlmagic.magics.watch.jax.watched import WatchedStep

    plain: Any = getattr(step, "__wrapped__", step) if isinstance(step, WatchedStep) else step
    own = str(getattr(plain, "__name__", type(plain).__name__))
    known = next((each for each in _sessions if each.model is plain), None)
    goes_on = known is not None and _goes_on(known.request, request)
    watcher: Any = known.watcher if known and goes_on else watcher_of(plain, (), request.rate)
    return WatchedStep(plain, watcher, partial(begin, plain, name or own, request, namespace))


def watched() -> WatchList:
    """All that is watched at present."""
    return _list_of(_sessions)


def is_watched(model: object) -> bool:
    """Whether this model is watched."""
    return any(session.model is model for session in _sessions)


def unwatch(name: str | None = None, *, why: str = "it was unwatched") -> WatchResult | WatchList:
    """Let go of a model, or of all.

    Args:
        name: What it is called; None for all.
        why: A word on the reason.

    Returns:
        What was seen of it; of several models, their list.

    Raises:
        InputError: It is not watched, or none is.
    """
    with _turn:
        if not _sessions:
            raise InputError("No model is watched.", "Start with %watch MODEL.")
        if name is not None:
            return _called(name).stop(why)
        ended = _sessions.copy()
        results = [session.stop(why) for session in ended]
        return results[0] if len(results) == 1 else _list_of(ended, ended=True)


def end_all(why: str) -> None:
    """Let go of all models, for a reason that their results name."""
    with _turn:
        for session in _sessions.copy():
            session.stop(why)


def wishes() -> Sequence[StopWish]:
    """The wishes to stop that the models' trainings look at."""
    return [session.wish for session in _sessions.copy()]


def begin_cell() -> None:
    """A cell begins: nothing trains yet, and nobody has asked for an end of it."""
    for wish in wishes():
        wish.begin_cell()


def _begin(
    model: object,
    name: str,
    request: WatchRequest,
    namespace: Mapping[str, object],
    watcher: Watcher,
) -> WatchSession:
    session = add(WatchSession(model, name, watcher, request, namespace, forget), model)
    tell_beginning()
    return session


def add(session: WatchSession, model: object) -> WatchSession:
    """Know of a session until it ends, or its model is gone."""
    gone = weakref.finalize(model, _let_go, weakref.ref(session))
    gone.atexit = False
    if not _sessions:
        atexit.register(_at_exit)
    _sessions.append(session)
    return session


def _goes_on(before: WatchRequest, now: WatchRequest) -> bool:
    """Whether a session can keep to a new request without beginning anew."""
    return (before.rate, before.to) == (now.rate, now.to)


def _called(name: str) -> WatchSession:
    names = [session.name for session in _sessions]
    if name not in names:
        raise InputError(f"{name} is not watched.", nearest(name, names))
    return _sessions[names.index(name)]


def _list_of(sessions: Sequence[WatchSession], *, ended: bool = False) -> WatchList:
    models = tuple(_in_list(session) for session in sessions)
    return WatchList(environment=Environment.capture(), models=models, ended=ended)


def _in_list(session: WatchSession) -> WatchedModel:
    overhead = session.overhead
    return WatchedModel(
        model=session.name,
        kind=session.kind,
        layers=len(session.layers),
        steps=session.steps,
        every=overhead.every,
        share=overhead.share,
        findings=len(session.findings),
    )


def _let_go(reference: weakref.ref[WatchSession]) -> None:
    """The model is gone."""
    session = reference()
    if session is not None:
        session.stop("the model is gone")


def let_go(name: str, why: str) -> None:
    """Let go of the model of this name, if there is one."""
    with _turn:
        for session in _sessions.copy():
            if session.name == name:
                session.stop(why)


def forget(session: WatchSession) -> None:
    """It has ended."""
    if session in _sessions:
        _sessions.remove(session)
    if not _sessions:
        atexit.unregister(_at_exit)


def _at_exit() -> None:
    if os.getpid() == _process:  # not in a fork of it
        end_all("the kernel ended")
