"""The innermost loop: nothing but the call itself, once per number of arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache


@cache
def loop(arity: int) -> Callable[..., object]:
    """A function that calls a function of ``arity`` arguments over and over.

    ``loop(2)(itertools.repeat(None, calls), function, a, b)`` calls ``function(a, b)``
    ``calls`` times and returns the last result (None for no calls). Arguments are local
    variables and there is no ``*arguments`` to unpack, so a round costs a few nanoseconds
    more than the call itself.

    Each result is let go before the next call, so two results never live at once.

    Args:
        arity: Number of positional arguments, at least 0.
    """
    names = "".join(f", argument_{index}" for index in range(arity))
    source = (
        f"def call_repeatedly(repeat, function{names}):\n"
        "    result = None\n"
        "    for _ in repeat:\n"
        "        result = None\n"
        f"        result = function({names.removeprefix(', ')})\n"
        "    return result\n"
    )
    namespace: dict[str, Callable[..., object]] = {}
    exec(compile(source, f"<loop of {arity} arguments>", "exec"), {}, namespace)
    return namespace["call_repeatedly"]
