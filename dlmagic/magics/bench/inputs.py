"""The values that a cell reads, described so that a later run can tell whether they changed."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from dlmagic.errors import with_article
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.baseline_result import Input
from dlmagic.magics.bench.conditions import listed
from dlmagic.magics.bench.fingerprint import Fingerprint, Reading, kind_of, view_of

_IN_WORDS = (bool, int, float, complex, str, type(None))
_CODE = ("function", "class", "module")
_MOST_TOLD = 5


def describe(
    names: Iterable[str],
    namespace: dict[str, object],
    frameworks: Sequence[Framework],
    made_by_setup: Collection[str] = (),
) -> tuple[Input, ...]:
    """Describe the values of some names; a name without one is left out."""
    reading = Reading()
    present = [name for name in dict.fromkeys(names) if name in namespace]
    return tuple(
        _described(name, namespace, frameworks, reading, name in made_by_setup)
        for name in present
        if name != "__builtins__"
    )


def _described(
    name: str,
    namespace: dict[str, object],
    frameworks: Sequence[Framework],
    reading: Reading,
    from_setup: bool,
) -> Input:
    value = namespace[name]
    form, content = Fingerprint(namespace, frameworks, reading).take(name)
    view = view_of(value, frameworks)
    sized = isinstance(value, list | tuple | dict | set | frozenset)
    return Input(
        name=name,
        kind=kind_of(value),
        shape=tuple(view.shape) if view else ((len(value),) if sized else None),  # type: ignore[arg-type]
        dtype=view.dtype if view else "",
        device=view.device if view else "",
        text=reprlib.repr(value) if isinstance(value, _IN_WORDS) else "",
        form=form,
        content=content,
        from_setup=from_setup,
    )


def same(then: Input | None, now: Input | None, *, same_setup: bool) -> bool:
    """Whether a cell finds the same in both.

    Args:
        then: What it found then, or None.
        now: What it finds now, or None.
        same_setup: Whether one set-up makes both: then random numbers in it may differ.
    """
    if then is None or now is None:
        return then is now
    if (then.kind, then.form) != (now.kind, now.form):
        return False
    made_alike = same_setup and then.from_setup and now.from_setup
    return made_alike or then.content == now.content


def changes(
    then: Mapping[str, Input], now: Mapping[str, Input], *, same_setup: bool
) -> tuple[str, ...]:
    """What is different, one sentence each, in the order in which the cell reads it."""
    told = list(_changes(then, now, same_setup))
    if len(told) <= _MOST_TOLD:
        return tuple(told)
    return (*told[: _MOST_TOLD - 1], f"And {len(told) - _MOST_TOLD + 1} more inputs differ.")


def _changes(
    then: Mapping[str, Input], now: Mapping[str, Input], same_setup: bool
) -> Iterator[str]:
    values: list[str] = []
    for name in dict.fromkeys([*now, *then]):
        before, after = then.get(name), now.get(name)
        if same(before, after, same_setup=same_setup):
            continue
        sentence = _change(name, before, after)
        if sentence:
            yield sentence
        else:
            values.append(name)
    if values:
        hold = "holds" if len(values) == 1 else "hold"
        yield f"{listed(values)} {hold} other values than then."


def _change(name: str, then: Input | None, now: Input | None) -> str:
    """How one input differs; empty where only its values do."""
    if then is None:
        return f"{name} is read now, and was not then."
    if now is None:
        return f"{name} was read then, and is not now."
    if then.kind != now.kind:
        return f"{name} is {with_article(now.kind)} here, and was {with_article(then.kind)}."
    if then.shape != now.shape:
        what = "shape" if now.dtype else "length"
        return f"{name} has {what} {_shape(now)} here, and had {_shape(then)}."
    for what in ("dtype", "device"):
        before, after = getattr(then, what), getattr(now, what)
        if before != after:
            return f"{name} has {what} {after} here, and had {before}."
    if then.text != now.text:
        return f"{name} is {now.text} here, and was {then.text}."
    if then.form != now.form:
        if now.kind in _CODE:
            return f"The code of {name}, or of what it uses, is not what it was."
        return f"{name} is made otherwise than then: other parts, shapes or code."
    return ""


def _shape(value: Input) -> str:
    shape = value.shape or ()
    return str(shape) if value.dtype else ", ".join(map(str, shape))
