"""Small random cells over a handful of names, in every kind of block, often failing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

IN_TESTS = 150
NAMES = ("a", "b", "c", "d", "e", "f", "g")
SETUP = """\
import contextlib
a, b, c, d = 1, 2, [1, 2], 't'
kept = []
def bump():
    global a
    a = a + 1
    return a
def read():
    return b
def put(v):
    global d
    d = v
    return v
def drop():
    global b
    del b
def use(action=None):
    kept.append(action)
    return action() if callable(action) else action
def lazily(items):
    kept.append(items)
    return items
class Box:
    size = 3
    def take(self):
        return a + self.size
    def give(self, v):
        global c
        c = v
        return self
    def __enter__(self):
        global e
        e = 'entered'
        return e
    def __exit__(self, *error):
        return error[0] is KeyError
box = Box()
"""
# What functions, lambdas and generators that the cell left behind say when all names are new.
AFTER = """\
left = {name: globals()[name] for name in 'abcdefg' if name in globals()}
a, b, c, d, e = 10, 20, [30], 40, 50
for name, value in left.items():
    try:
        print(name, list(value) if hasattr(value, '__next__') else value())
    except Exception as error:
        print(name, type(error).__name__, error)
for value in kept:
    try:
        print(list(value) if hasattr(value, '__next__') else value())
    except Exception as error:
        print(type(error).__name__, error)
"""
CALLS = ("bump()", "read()", "box.take()", "put({})", "box.give({})", "use({})", "lazily({})")


@dataclass(frozen=True)
class Place:
    """Where a statement stands.

    Attributes:
        depth: How much deeper blocks may go.
        loop: Whether break and continue are allowed.
        function: Whether return is allowed.
        guard: Whether statements may be wrapped, so that their errors are caught.
    """

    depth: int
    loop: bool = False
    function: bool = False
    guard: bool = True

    def inside(self, **changes: bool) -> Place:
        return replace(self, depth=self.depth - 1, **changes)


name = st.sampled_from(NAMES)
number = st.integers(0, 3)


def cells(depth: int = 3) -> st.SearchStrategy[str]:
    """Cells of a few statements, with or without a last expression."""
    return _cell(depth).filter(_compiles)


def _compiles(text: str) -> bool:
    """Some rules are the compiler's: no walrus in a comprehension in a class, for one."""
    try:
        compile(text, "generated", "exec")
    except SyntaxError:
        return False
    return True


@st.composite
def _cell(draw: DrawFn, depth: int) -> str:
    lines = _block(draw, Place(depth), least=2, most=5)
    if draw(st.booleans()):
        lines.append(_expression(draw, 2))
    return "\n".join(lines)


def _block(draw: DrawFn, place: Place, least: int = 1, most: int = 2) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(least, most))):
        statement = _statement(draw, place)
        lines += _guarded(statement) if place.guard and draw(number) else statement
    return lines


def _guarded(statement: list[str]) -> list[str]:
    """A statement whose error does not keep the rest from running."""
    caught = ["except Exception as error:", "    print(type(error).__name__, error)"]
    return ["try:", *_indented(statement), *caught]


def _statement(draw: DrawFn, place: Place) -> list[str]:
    kinds = _FLAT + (_BLOCKS if place.depth > 0 else ())
    if place.loop:
        kinds += (_leave_loop,)
    if place.function:
        kinds += (_return,)
    return draw(st.sampled_from(kinds))(draw, place)


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


# Expressions


def _expression(draw: DrawFn, depth: int, walrus: bool = True) -> str:
    if depth <= 0:
        return draw(st.one_of(name, number.map(str), st.just("'t'")))
    form = draw(st.sampled_from(_FORMS if walrus else _FORMS_WITHOUT_WALRUS))
    if form == "comprehension":
        return _comprehension(draw, depth)
    names = {"name": draw(name), "number": draw(number)}
    one, two = (_expression(draw, depth - 1, walrus) for _ in range(2))
    return form.format(one=one, two=two, **names)


def _comprehension(draw: DrawFn, depth: int) -> str:
    variable = draw(st.sampled_from(("v", *NAMES)))
    element = _expression(draw, depth - 1, walrus=False)
    if variable == "v" and draw(st.booleans()):
        element = f"({draw(name)} := {element})"
    condition = f" if {draw(name)}" if draw(st.booleans()) else ""
    body = f"{element} for {variable} in range({draw(number)}){condition}"
    return draw(st.sampled_from(("[%s]", "list(%s)", "lazily(%s)", "(%s)", "any(%s)"))) % body


_FORMS_WITHOUT_WALRUS = (
    "{name}", "{name}", "{name}", "({one} + {two})", "({one} % {two})", "({one} < {two})",
    "({one} == {two})", "({one} and {two})", "({one} or {two})", "({one} if {name} else {two})",
    "(lambda: {one})", "(lambda v={one}: {two})", "[{one}, {name}]", "(0 < {number} < {one})",
    "f'{{{name}}}'", "str({one})", "not {one}", "globals().get('{name}')", "comprehension",
    "comprehension", *(call.format("{one}") for call in CALLS),
)  # fmt: skip
_FORMS = (*_FORMS_WITHOUT_WALRUS, "({name} := {one})", "({name} := {one})")


# Statements


def _assign(draw: DrawFn, place: Place) -> list[str]:
    targets = draw(
        st.sampled_from(
            (
                "{0} = {2}",
                "{0} = {1} = {2}",
                "{0}, {1} = {1}, {2}",
                "{0}: int = {2}",
                "{0}, *{1} = [{2}]",
                "c[0] = {2}",
                "box.size = {2}",
            )
        )
    )
    if place.function:
        targets = targets.replace(": int", "")
    return [targets.format(draw(name), draw(name), _expression(draw, 2))]


def _augment(draw: DrawFn, place: Place) -> list[str]:
    return [f"{draw(name)} {draw(st.sampled_from(('+=', '-=')))} {_expression(draw, 1)}"]


def _delete(draw: DrawFn, place: Place) -> list[str]:
    return [f"del {draw(name)}" + draw(st.sampled_from(("", f", {draw(name)}")))]


def _call(draw: DrawFn, place: Place) -> list[str]:
    calls = (*CALLS, "print({})", "drop()", "kept.append({})", "print('v', end=' ')")
    return [draw(st.sampled_from(calls)).format(_expression(draw, 2))]


def _evaluate(draw: DrawFn, place: Place) -> list[str]:
    return [_expression(draw, 2)]


def _raise(draw: DrawFn, place: Place) -> list[str]:
    return [f"raise {draw(st.sampled_from(('ValueError', 'KeyError')))}({draw(name)})"]


def _import(draw: DrawFn, place: Place) -> list[str]:
    forms = ("import math as {0}", "from math import pi as {0}", "import json, math as {0}")
    return [draw(st.sampled_from(forms)).format(draw(name))]


def _check(draw: DrawFn, place: Place) -> list[str]:
    return [f"assert {_expression(draw, 1)}, ({draw(name)} := {_expression(draw, 1)})"]


def _leave_loop(draw: DrawFn, place: Place) -> list[str]:
    return [f"if {_expression(draw, 1)}: {draw(st.sampled_from(('break', 'continue')))}"]


def _return(draw: DrawFn, place: Place) -> list[str]:
    return [f"return {_expression(draw, 2)}"]


def _if(draw: DrawFn, place: Place) -> list[str]:
    lines = [f"if {_expression(draw, 2)}:", *_indented(_block(draw, place.inside()))]
    if draw(st.booleans()):
        lines += ["else:", *_indented(_block(draw, place.inside()))]
    return lines


def _for(draw: DrawFn, place: Place) -> list[str]:
    target = draw(st.sampled_from(("{0}", "{0}", "{0}, {1}"))).format(draw(name), draw(name))
    items = "[(0, 1), (2, 3)]" if "," in target else f"range({draw(number)})"
    lines = [f"for {target} in {items}:", *_indented(_block(draw, place.inside(loop=True)))]
    if draw(st.booleans()):
        lines += ["else:", *_indented(_block(draw, place.inside()))]
    return lines


def _while(draw: DrawFn, place: Place) -> list[str]:
    turns = f"turns{place.depth}"
    return [
        f"{turns} = 0",
        f"while {turns} < {draw(number)} and {_expression(draw, 1)}:",
        *_indented([f"{turns} += 1", *_block(draw, place.inside(loop=True))]),
    ]


def _try(draw: DrawFn, place: Place) -> list[str]:
    error = draw(st.sampled_from(("Exception", "NameError", "(TypeError, KeyError)")))
    alias = draw(st.sampled_from(("", f" as {draw(name)}")))
    lines = ["try:", *_indented(_block(draw, place.inside()))]
    lines += [f"except {error}{alias}:", *_indented(_block(draw, place.inside()))]
    if draw(st.booleans()):
        lines += ["finally:", *_indented(_block(draw, place.inside(loop=False)))]
    return lines


def _with(draw: DrawFn, place: Place) -> list[str]:
    managers = ("box", "contextlib.suppress(NameError)", "contextlib.nullcontext({})")
    manager = draw(st.sampled_from(managers)).format(_expression(draw, 1))
    alias = draw(st.sampled_from(("", f" as {draw(name)}")))
    return [f"with {manager}{alias}:", *_indented(_block(draw, place.inside()))]


def _match(draw: DrawFn, place: Place) -> list[str]:
    patterns = ("[{0}, 2]", "{0} if {1}", "1 | 2 as {0}", "str()", "[*{0}]")
    lines = [f"match {_expression(draw, 1)}:"]
    for _ in range(draw(st.integers(1, 2))):
        pattern = draw(st.sampled_from(patterns)).format(draw(name), draw(name))
        lines += _indented([f"case {pattern}:", *_indented(_block(draw, place.inside()))])
    return lines


def _function(draw: DrawFn, place: Place) -> list[str]:
    own = draw(name)
    default = f"v={_expression(draw, 1)}" if draw(st.booleans()) else ""
    declared = draw(st.sampled_from(("", "", f"global {draw(name)}, {draw(name)}")))
    decorator = draw(st.sampled_from((None, None, "@lazily", "@contextlib.contextmanager")))
    body = _block(draw, place.inside(function=True, loop=False))
    lines = [f"def {own}({default}):", *_indented(([declared] if declared else []) + body)]
    return [decorator, *lines] if decorator else lines


def _class(draw: DrawFn, place: Place) -> list[str]:
    base = draw(st.sampled_from(("", "(Box)", "(dict)", f"({draw(name)})")))
    body = _block(draw, place.inside(function=False, loop=False))
    return [f"class {draw(name)}{base}:", *_indented(body)]


_Kind = Callable[[DrawFn, Place], list[str]]
_FLAT: tuple[_Kind, ...] = (
    _assign, _assign, _assign, _augment, _augment, _delete, _call, _call, _evaluate, _raise,
    _import, _check,
)  # fmt: skip
_BLOCKS: tuple[_Kind, ...] = (
    _if, _for, _while, _try, _with, _match, _function, _function, _class,
)  # fmt: skip
