"""Which names are read before they are bound, and which are surely bound at the end."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.cell.flow import Flow, analyse


def flow_of(text: str) -> Flow:
    return analyse(ast.parse(dedent(text)).body)


@pytest.mark.parametrize(
    ("text", "exposed", "bound"),
    [
        ("a = b", "b", "ab"),
        ("a += 1", "a", "a"),
        ("a = a", "a", "a"),
        ("a: int = b", "b int", "a b int"),
        ("a: int", "int", "int"),
        ("a, (b, *c) = d", "d", "abcd"),
        ("d[i] = v", "vdi", "vdi"),
        ("(a := b) + a", "b", "ab"),
        ("if c:\n    a = 1", "c", "c"),
        ("if c:\n    a = 1\nelse:\n    a = 2", "c", "ac"),
        ("for i in s:\n    a = i", "s", "s"),
        ("while c:\n    a = 1\na", "ca", "ca"),
        ("try:\n    a = f()\nexcept E:\n    b = 1\na", "fEa", "a"),
        ("with no_grad():\n    a = 1", "no_grad", "a no_grad"),
        ("with m:\n    a = 1", "m", ""),
        ("[x for x in s if x > t]", "st", "s"),
        ("[y := x for x in s]\ny", "sy", "sy"),
        ("a and (b := 1)\nb", "ab", "ab"),
        ("b = 1 if a else (c := 2)\nc", "ac", "abc"),
        ("def f(x=d): return g", "d", "df"),
        ("class C(B):\n    k = v", "Bv", "BCv"),
        ("import a.b, c as d", "", "ad"),
        ("from m import n as o", "", "o"),
        ("match v:\n    case [a, *b]:\n        c = a", "v", "v"),
        ("a = 1\ndel a\na", "a", "a"),
        ("lambda x=d: x + g", "d", "d"),
        ("assert c, (a := 1)\na", "ca", "ca"),
    ],
)
def test_what_is_read_first_and_what_is_surely_bound(text: str, exposed: str, bound: str) -> None:
    flow = flow_of(text)
    assert flow.exposed == names(exposed)
    assert flow.bound >= names(bound)
    assert flow.bound <= names(bound) | flow.exposed


def names(text: str) -> set[str]:
    """Names separated by spaces, or single letters run together."""
    return set(text.split()) if " " in text or "_" in text or text == "int" else set(text)


@pytest.mark.parametrize(
    ("text", "unstable"),
    [
        ("try:\n    f()\nexcept E as e:\n    pass", {"e"}),
        ("if c:\n    del a", {"a"}),
        ("a = 1\ndel a\nb = a", {"a"}),
        ("g = (y := x for x in s)", {"y"}),
        ("a = 1\ndel a", set()),
        ("a = 1\ndel a\na = 2\na", set()),
    ],
)
def test_names_that_come_and_go_are_unstable(text: str, unstable: set[str]) -> None:
    assert flow_of(text).unstable == unstable


def test_order_is_that_of_first_use() -> None:
    flow = flow_of("z = b + a\ny = z + c\nz = 1")
    assert list(flow.reads) == ["b", "a", "z", "c"]
    assert list(flow.writes) == ["z", "y"]


def test_lazy_generators_and_functions_use_names_later() -> None:
    flow = flow_of("g = (x + k for x in s)\nh = lambda: m\nl = [x + q for x in s]")
    assert {"k", "m"} <= flow.lazy.loads
    assert "q" not in flow.lazy.loads
    assert "k" not in flow.exposed


NAMES = ("a", "b", "c", "d")


@st.composite
def straight_lines(draw: st.DrawFn) -> str:
    """Assignments, augmented assignments and deletions, one after the other."""
    name = st.sampled_from(NAMES)
    target, other = name, name
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["copy", "add", "set", "walrus", "tuple", "del"]))
        x, y = draw(target), draw(other)
        lines.append(
            {
                "copy": f"{x} = {y}",
                "add": f"{x} += {y}",
                "set": f"{x} = 1",
                "walrus": f"{x} = ({y} := 1) + {y}",
                "tuple": f"{x}, {y} = {y}, {x}",
                "del": f"del {x}",
            }[kind]
        )
    return "\n".join(lines)


class Recorder(dict[str, object]):
    """A namespace in which every name has a value, and which notes the reads that need it."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(NAMES, 1))
        self.written: set[str] = set()
        self.needed: set[str] = set()

    def __getitem__(self, name: str) -> object:
        if name not in self.written:
            self.needed.add(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: object) -> None:
        self.written.add(name)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self.written:
            self.needed.add(name)
        self.written.discard(name)
        super().__delitem__(name)


@given(straight_lines())
def test_straight_lines_read_and_bind_what_running_them_does(text: str) -> None:
    flow, record = flow_of(text), Recorder()
    try:
        exec(compile(text, "<straight>", "exec"), {}, record)
    except (KeyError, NameError):  # read after its deletion
        assert flow.unstable
        return
    assert flow.exposed == record.needed
    assert flow.bound == {name for name in NAMES if name in record} & (
        record.written | record.needed
    )


@st.composite
def branches(draw: st.DrawFn) -> str:
    """Assignments of which some stand in a branch or a loop that a flag decides about."""
    lines = []
    for number in range(draw(st.integers(1, 6))):
        x, y = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
        head = draw(
            st.sampled_from(["", f"if flags[{number}]:", f"for _ in flags[:{number % 3}]:"])
        )
        lines.append(f"{head}\n    {x} = {y}" if head else f"{x} = {y}")
        if head.startswith("if") and draw(st.booleans()):
            lines.append(f"else:\n    {x} = 2")
    return "\n".join(lines)


@given(branches(), st.lists(st.booleans(), min_size=6, max_size=6))
def test_whatever_branch_is_taken_the_promises_hold(text: str, flags: list[bool]) -> None:
    """Names that run before they are bound are exposed; names called bound are there."""
    flow, record = flow_of(text), Recorder()
    exec(compile(text, "<branches>", "exec"), {"flags": flags}, record)
    assert record.needed <= flow.exposed
    assert flow.bound & set(NAMES) <= record.written | flow.exposed
