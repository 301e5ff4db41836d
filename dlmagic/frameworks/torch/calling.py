"""Calls a function as if other code called it, so that its warnings name the line they would name.

A mode stands between the user's line and the function of PyTorch. Warnings count frames from where
they are issued, and would find those of the mode: the line shown, the filters that apply and the
memory of what was shown already would all be the mode's. So the call is made by code that bears the
file, the line and the globals of each frame that would be there without the mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any

from torch.overrides import handle_torch_function

_DEPTH = 6
"""Frames that functions written in Python are given: their warnings name callers of callers."""


def _passing(function: Callable[..., Any], arguments: Any, options: Any) -> Any:
    return function(*arguments, **options)


def caller_of(frame: FrameType | None) -> FrameType | None:
    """The code that called the function which a mode was asked for.

    Args:
        frame: The one that called the mode.
    """
    if frame is not None and frame.f_code is handle_torch_function.__code__ and frame.f_back:
        return frame.f_back.f_back  # past the function, which has asked for the mode itself
    return frame


def called_from(
    caller: FrameType | None,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    options: Mapping[str, Any],
) -> Any:
    """What the function gives; errors have the traceback of a plain call.

    Args:
        caller: The frame that is to seem to call it.
        function: It.
        arguments: Its positional arguments.
        options: Its named arguments.
    """
    frames = _frames(caller, _DEPTH if isinstance(function, FunctionType) else 1)
    call: tuple[Any, Any, Any] = (function, arguments, options)
    for frame in frames:
        call = (_in_place_of(frame), call, {})
    try:
        return call[0](*call[1], **call[2])
    except BaseException as error:
        raise error.with_traceback(_below(error.__traceback__, len(frames) + 1))  # noqa: B904 - the same


def _frames(frame: FrameType | None, count: int) -> list[FrameType]:
    def upwards() -> Any:
        current = frame
        while current is not None:
            yield current
            current = current.f_back

    return list(islice(upwards(), count))


def _in_place_of(frame: FrameType) -> FunctionType:
    code = frame.f_code
    return FunctionType(_code_at(code.co_filename, frame.f_lineno, code.co_name), frame.f_globals)


@lru_cache(maxsize=4096)
def _code_at(file: str, line: int, name: str) -> CodeType:
    first = _passing.__code__.co_firstlineno
    moved = line - (_BODY - first)
    return _passing.__code__.replace(co_filename=file, co_firstlineno=moved, co_name=name)


_BODY = max(line for _, _, line in _passing.__code__.co_lines() if line is not None)


def _below(traceback: TracebackType | None, count: int) -> TracebackType | None:
    while count and traceback is not None:
        count, traceback = count - 1, traceback.tb_next
    return traceback
