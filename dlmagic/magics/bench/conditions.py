"""What is different about the machine, the versions, the threads and the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from dlmagic.display.parts import shorten
from dlmagic.display.units import data_size, plural
from dlmagic.environment import Environment

_OTHER_MEMORY = 0.05  # relative; a kernel takes a little more or less of it for itself
_NOT_STARTED = "not started"

Pairs = Iterator[tuple[str, str]]
Value = TypeVar("Value", int, str)


def other_conditions(then: Environment | None, now: Environment | None) -> tuple[str, str] | None:
    """What was the case then and is the case now, each as words to follow "with"; else None."""
    if then is None or now is None:
        return None
    pairs = [*_machine(then, now), *_versions(then, now), *_threads(then, now)]
    pairs += _settings(then, now)
    if not pairs:
        return None
    return listed([before for before, _ in pairs]), listed([after for _, after in pairs])


def listed(names: list[str], most: int = 6) -> str:
    """Words with commas and an "and".

    >>> listed(["torch 2.12", "8 threads"])
    'torch 2.12 and 8 threads'
    """
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _machine(then: Environment, now: Environment) -> Pairs:
    if (then.processor, then.cores) != (now.processor, now.cores):
        yield _cores(then), _cores(now)
    if abs(then.memory_bytes - now.memory_bytes) > _OTHER_MEMORY * max(now.memory_bytes, 1):
        yield f"{data_size(then.memory_bytes)} of memory", f"{data_size(now.memory_bytes)}"
    if then.devices and now.devices and then.devices != now.devices:
        yield listed(list(then.devices), 3), listed(list(now.devices), 3)
    if then.platform != now.platform:
        yield shorten(then.platform, 40), shorten(now.platform, 40)


def _cores(environment: Environment) -> str:
    return f"{plural(environment.cores, 'core')} of {shorten(environment.processor, 50)}"


def _versions(then: Environment, now: Environment) -> Pairs:
    if then.python != now.python:
        yield f"Python {then.python}", f"Python {now.python}"
    for name, before, after in _changed(then.packages, now.packages):
        yield f"{name} {shorten(before, 20)}", f"{name} {shorten(after, 20)}"
    if then.dlmagic != now.dlmagic:
        yield f"dlmagic {then.dlmagic}", f"dlmagic {now.dlmagic}"


def _threads(then: Environment, now: Environment) -> Pairs:
    changed = list(_changed(then.threads, now.threads))
    for name, before, after in changed:
        whose = f" of {name}" if len(now.threads) > 1 else ""
        yield f"{plural(before, 'thread')}{whose}", f"{plural(after, 'thread')}{whose}"


def _settings(then: Environment, now: Environment) -> Pairs:
    for framework in then.settings.keys() & now.settings.keys():
        for name, before, after in _changed(then.settings[framework], now.settings[framework]):
            if _NOT_STARTED not in (before, after) and not _told_as_threads(framework, name, now):
                yield f"{name} {shorten(before, 30)}", f"{name} {shorten(after, 30)}"


def _told_as_threads(framework: str, setting: str, environment: Environment) -> bool:
    return setting == "threads" and framework in environment.threads


def _changed(
    then: Mapping[str, Value], now: Mapping[str, Value]
) -> Iterator[tuple[str, Value, Value]]:
    """What both know and say otherwise."""
    for name, before in then.items():
        if name in now and now[name] != before:
            yield name, before, now[name]
