"""The reference: made of the options that magics declare, of settings, and of docstrings."""

from __future__ import annotations

import argparse
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from IPython.core.magic import Magics

import dlmagic
from benchmarks.tables.places import ROOT, with_text
from dlmagic.magics.overview.entries import ENTRIES
from dlmagic.result import Result
from dlmagic.shell.extension import ROOMS
from dlmagic.shell.options import arguments_of, placeholder
from dlmagic.shell.settings import DLMagic
from tests import test_architecture as architecture


def filled(text: str) -> str:
    """A page with the parts of the reference in their places."""
    for name, make in PLACES.items():
        if f"<!-- {name} -->\n" in text:
            text = with_text(text, name, make())
    return text


def magics() -> str:
    """One section for each magic, in the order of the overview."""
    declared = dict(_declared())
    order = [entry.name for entry in ENTRIES]
    return "\n\n".join(
        _section(name, *declared[name]) for name in sorted(declared, key=order.index)
    )


def _declared() -> Iterator[tuple[str, tuple[argparse.ArgumentParser, list[str]]]]:
    """Each magic with what reads its line, and how it may be written."""
    for room in ROOMS:
        module, _, name = room.partition(":")
        found: type[Magics] = getattr(import_module(module), name)
        kinds: dict[str, dict[str, str]] = found.magics
        for magic, method in {**kinds["line"], **kinds["cell"]}.items():
            forms = {"line": f"%{magic}", "cell": f"%%{magic}"}
            written = [form for kind, form in forms.items() if magic in kinds[kind]]
            yield magic, (getattr(found, method).parser, written)


def _section(name: str, parser: argparse.ArgumentParser, written: list[str]) -> str:
    usage = parser.format_usage().removeprefix("::\n\n").replace(f"%{name} ", f"{written[-1]} ", 1)
    parts = [
        f"## {', '.join(f'`{form}`' for form in written)}",
        _markdown(parser.description or ""),
        f"```text\n{inspect.cleandoc(usage)}\n```",
        _table("argument", [(action.dest, action) for action in arguments_of(parser)]),
        _table("option", [(_written(action), action) for action in _options_of(parser)]),
        f"```python\n{_examples(parser)}\n```",
    ]
    return "\n\n".join(part for part in parts if part)


def _options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _written(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_value(action)}"
    return ", ".join(f"{name}{value}" for name in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return placeholder(action)


def _table(head: str, rows: list[tuple[str, argparse.Action]]) -> str:
    if not rows:
        return ""
    lines = [f"| `{name}` | {_in_a_cell(str(action.help))} |" for name, action in rows]
    return "\n".join([f"| {head} | meaning |", "| --- | --- |", *lines])


def _examples(parser: argparse.ArgumentParser) -> str:
    """What stands below "examples:" in the help."""
    _, *lines = (parser.epilog or "").splitlines()
    return "\n".join(line.strip() for line in lines)


def settings() -> str:
    """What ``%config DLMagic`` lists."""
    lines = [
        f"| `{name}` | `{trait.default()}` | {_in_a_cell(str(trait.help))} |"
        for name, trait in sorted(DLMagic.class_own_traits(config=True).items())
    ]
    return "\n".join(["| setting | as delivered | meaning |", "| --- | --- | --- |", *lines])


def public_names() -> str:
    """Every name of ``dlmagic.__all__``, by what it is."""
    found = {name: getattr(dlmagic, name) for name in dlmagic.__all__}
    kinds = {
        name: next(kind for kind, holds in KINDS.items() if holds(found[name])) for name in found
    }
    return "\n\n".join(
        f"## {kind}\n\n{_documented([name for name in found if kinds[name] == kind], found)}"
        for kind in KINDS
    )


def _documented(names: list[str], found: dict[str, Any]) -> str:
    lines = ["```{eval-rst}"]
    for name in names:
        kind = "class" if inspect.isclass(found[name]) else "function"
        lines.append(f".. auto{kind}:: dlmagic.{name}")
        lines += ["   :members:", ""] if kind == "class" else [""]
    return "\n".join([*lines, "```"])


def _is_error(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


def _is_result(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Result)


KINDS: dict[str, Callable[[Any], bool]] = {
    "Functions": inspect.isfunction,
    "Results": _is_result,
    "Errors": _is_error,
    "Parts of results, and handles": inspect.isclass,
}
"""The first that holds decides."""


def extras() -> str:
    """What can stand in brackets behind the name of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        f"| `dlmagic[{name}]` | {', '.join(f'`{each}`' for each in needed)} |"
        for name, needed in project["optional-dependencies"].items()
    ]
    return "\n".join(["| extra | what it brings |", "| --- | --- |", *lines])


def rules() -> str:
    """Who may know whom, as the test of the architecture says it."""
    said = (_markdown(str(rule.__doc__)) for rule in architecture.RULES)
    return "\n".join(f"- {text}" for text in said)


def _markdown(docstring: str) -> str:
    """Text of a docstring: its double backticks are single ones in Markdown."""
    return re.sub(r"``(.+?)``", r"`\1`", inspect.cleandoc(docstring), flags=re.DOTALL)


def _in_a_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PLACES: dict[str, Callable[[], str]] = {
    "magics": magics,
    "settings": settings,
    "public names": public_names,
    "rules": rules,
    "extras": extras,
}
"""What can be put into a page, by the name of its place."""
