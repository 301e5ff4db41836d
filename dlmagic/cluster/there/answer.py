"""One task on an engine: the function is found by its name, and everything travels as JSON."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

from dlmagic.cluster.there.attention import attentive
from dlmagic.cluster.there.here import Here, channel, namespace_of_engine
from dlmagic.cluster.there.trouble import trouble_of


def answer(rank: int, size: int, task: str) -> str:
    """Run a task; the answer says what came of it. No exception leaves this function.

    Args:
        rank: The place of this engine in the view.
        size: Engines in the view.
        task: ``{"function": "module:name", "arguments": {...}}``, as JSON.
    """
    try:
        asked = json.loads(task)
        namespace = namespace_of_engine()
        tell = channel(namespace)
        function = find(asked["function"])
        with attentive(tell) as attention:
            here = Here(rank, size, namespace, lambda data: tell({"told": data}), attention)
            value = function(here, **asked["arguments"])
        return json.dumps({"value": value}, allow_nan=False)
    except BaseException as error:  # a cell may raise anything, SystemExit too
        return json.dumps({"error": trouble_of(error)})


def find(name: str) -> Callable[..., Any]:
    """The function that ``"dlmagic.some.module:name"`` names.

    Raises:
        ValueError: The name is none of dlmagic's.
    """
    module, _, function = name.partition(":")
    if module.partition(".")[0] != "dlmagic" or not function.isidentifier():
        raise ValueError(f"{name!r} names no function of dlmagic")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
