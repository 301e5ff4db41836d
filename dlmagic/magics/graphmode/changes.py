"""What changed so that a compiler had to compile again, in one wording for all frameworks."""

from __future__ import annotations

import ast
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dlmagic.display.units import plural
from dlmagic.magics.graphmode.dict_keys import without_keys

ValueOf = Callable[[str], object]
"""The present value of an expression such as ``"config['a']"``; raises LookupError."""

_TENSOR = r"tensor '(?P<name>.+?)' "
_SIZE = re.compile(
    _TENSOR + r"size mismatch at index (?P<axis>\d+)\. expected (?P<old>\w+), actual (?P<new>\w+)"
)
_STRIDE = re.compile(
    _TENSOR + r"stride mismatch at index (?P<axis>\d+)\. expected (?P<old>\w+), actual (?P<new>\w+)"
)
_RANK = re.compile(_TENSOR + r"rank mismatch\. expected (?P<old>\w+), actual (?P<new>\w+)")
_DTYPE = re.compile(_TENSOR + r"dtype mismatch\. expected (?P<old>\w+), actual (?P<new>\w+)")
_GRADIENT = re.compile(_TENSOR + r"requires_grad mismatch\. expected requires_grad=(?P<old>\d)")
_EQUALS = re.compile(r"^(?P<name>.+?) == (?P<old>.+)$")
_LENGTH = re.compile(r"^len\((?P<name>.+)\) == (?P<old>\d+)$")
_EMPTY = re.compile(r"^not (?P<name>.+)$")
_STATE_OF_OPTIMIZER = re.compile(r"^___check_obj_id\((?:L\['self'\]|self)\.state\[")
_SAME_OBJECT = re.compile(r"^___check_(?:obj_id|type_id)\((?P<name>[^,]+), ")
_GONE = re.compile(r"invalidated because .+ got deallocated")
_AMBIENT = re.compile(r"^(?:GLOBAL_STATE|___check_global_state)")
_DTYPES = {"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
           "Long": "int64", "Int": "int32", "Bool": "bool", "Byte": "uint8"}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Something that is not what it was.

    Attributes:
        name: What the user calls it, or an empty text.
        text: The change, to follow "Compiled again:".
        follows: Whether it may only follow from another change, as the size of an intermediate
            result does.
    """

    name: str
    text: str
    follows: bool = False


def change_of(reason: str, value_of: ValueOf) -> Change | None:
    """The change behind a compiler's reason.

    Args:
        reason: In the compiler's words.
        value_of: Finds the new value where the reason tells only the old one.

    Returns:
        None for what no user has a name for, such as where a loop goes on behind a graph break.
    """
    for pattern, tell in _KNOWN:
        match = pattern.search(reason)
        if match:
            found = {**match.groupdict(), "name": as_written(match.groupdict().get("name") or "")}
            if found["name"].startswith("___"):
                if pattern not in _OF_TENSORS:
                    return None
                found["name"] = "an intermediate result"
                return Change("", tell(found, value_of), follows=True)
            return Change(found["name"], tell(found, value_of))
    return Change("", reason.rstrip(".") or "the compiler does not say what has changed")


def as_written(path: str) -> str:
    """``model.fc.weight`` for Dynamo's ``L['model']._modules['fc']._parameters['weight']``."""
    path = re.sub(r"^[LG]\['([^']*)'\]", r"\1", path.strip())
    path = re.sub(
        r"\._(?:modules|parameters|buffers)\['([^']*)'\]",
        lambda m: f"[{m[1]}]" if m[1].isdigit() else f".{m[1]}",
        path,
    )
    return without_keys(path)


def evaluate(expression: str, names: Mapping[str, object]) -> object:
    """The value of a name, an attribute or an item.

    Raises:
        LookupError: There is none, or the expression is anything else.
    """
    try:
        return _value(ast.parse(expression, mode="eval").body, names)
    except Exception as error:  # a property of the user's may raise anything
        raise LookupError(expression) from error


def _value(node: ast.expr, names: Mapping[str, object]) -> object:
    match node:
        case ast.Name(name):
            return names[name]
        case ast.Attribute(inner, name):
            return getattr(_value(inner, names), name)
        case ast.Subscript(inner, ast.Constant(key)):
            container: object = _value(inner, names)
            return container[key]  # type: ignore[index]  # an error is an answer, too
        case _:
            raise LookupError(ast.unparse(node))


_Tell = Callable[[Mapping[str, str], ValueOf], str]


def _axis(what: str) -> _Tell:
    return lambda found, _: (
        f"{what} of axis {found['axis']} of {found['name']} is {found['new']} now, "
        f"and was {found['old']}"
    )


def _both(what: str) -> _Tell:
    return lambda found, _: (
        f"the {what} of {found['name']} is {_DTYPES.get(found['new'], found['new'])} now, "
        f"and was {_DTYPES.get(found['old'], found['old'])}"
    )


def _gradient(found: Mapping[str, str], _: ValueOf) -> str:
    was = found["old"] == "1"
    return f"{found['name']} {'no longer requires' if was else 'requires'} a gradient"


def _equal(found: Mapping[str, str], value_of: ValueOf) -> str:
    new = _shown(found["name"], value_of)
    # Seen after the call, a value that the cell draws anew may be what it was again.
    known = new is not None and new != found["old"]
    now = f"is {new} now, and was" if known else "is no longer"
    return f"{found['name']} {now} {found['old']}"


def _length(found: Mapping[str, str], value_of: ValueOf) -> str:
    old = int(found["old"])
    try:
        new = len(value_of(found["name"]))  # type: ignore[arg-type]
    except (LookupError, TypeError):
        new = old
    # Seen after the call, what the cell makes longer and shorter may be as long as it was.
    if new == old:
        return f"{found['name']} no longer has {plural(old, 'item')}"
    return f"{found['name']} has {plural(new, 'item')} now, and had {old}"


def _shown(name: str, value_of: ValueOf) -> str | None:
    try:
        return reprlib.repr(value_of(name))
    except LookupError:
        return None


_OF_TENSORS = (_SIZE, _STRIDE, _RANK, _DTYPE, _GRADIENT)
_KNOWN: tuple[tuple[re.Pattern[str], _Tell], ...] = (
    (_SIZE, _axis("the length")),
    (_STRIDE, _axis("the stride")),
    (_RANK, _both("number of axes")),
    (_DTYPE, _both("dtype")),
    (_GRADIENT, _gradient),
    (
        _STATE_OF_OPTIMIZER,
        lambda _found, _: (
            "the state of an optimizer is another object now, as where each run of the cell makes "
            "its first step"
        ),
    ),
    (_SAME_OBJECT, lambda found, _: f"{found['name']} is another object now"),
    (_LENGTH, _length),
    (_EMPTY, lambda found, _: f"{found['name']} is no longer empty"),
    (
        _GONE,
        lambda _found, _: (
            "an object that it was compiled for is gone, as one that every run makes anew"
        ),
    ),
    (_AMBIENT, lambda _found, _: "a global setting of PyTorch has changed"),
    (_EQUALS, _equal),
)
