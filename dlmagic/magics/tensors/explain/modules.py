"""What the user calls a layer that failed, and the call that made it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dlmagic.errors import with_article
from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.hostile import is_a
from dlmagic.magics.tensors.explain.sites import Place, Site
from dlmagic.magics.tensors.explain.sources import Code, code_of, codes, place_of

COMPILED = "_orig_mod"
"""What the wrapper of ``torch.compile`` calls the model in it."""


@dataclass(frozen=True)
class Found:
    """A layer as it is reached from a name of the user's.

    Attributes:
        root: The name.
        model: What the name stands for.
        path: The way from there, such as ``"head.1"``; empty for the model itself.
        site: Where the name is known.
    """

    root: str
    model: Any = field(repr=False)
    path: str
    site: Site = field(repr=False)

    @property
    def name(self) -> str:
        """Such as ``"model.head.1"``."""
        steps = self.path.split(".") if self.path else []
        return ".".join([self.root, *(step for step in steps if step != COMPILED)])


@dataclass(frozen=True)
class Constructor:
    """The call that made a layer.

    Attributes:
        place: Its line.
        call: The call.
    """

    place: Place
    call: ast.Call

    def with_argument(self, position: int, keyword: str, code: str) -> str | None:
        """The line with another value for one argument; None where it is not written there."""
        node = self.argument(position, keyword)
        return None if node is None else line_with(self.place, {node: code})

    def argument(self, position: int, keyword: str) -> ast.expr | None:
        """What is written for one argument, or None."""
        written = {each.arg: each.value for each in self.call.keywords}
        if keyword not in written and len(self.call.args) > position:
            return self.call.args[position]
        return written.get(keyword)


def found_module(layer: Any, sites: Sequence[Site]) -> Found | None:
    """The way to a layer from the variables at some places, searched from the innermost out."""
    for site in reversed(sites):
        named = [(name, value) for name, value in _named(site) if _is_module(value)]
        for name, value in named:
            if value is layer:
                return Found(name, value, "", site)
        for name, value in named:
            for path, module in told(lambda: list(value.named_modules())) or ():  # noqa: B023
                if module is layer:
                    return Found(name, value, path, site)
    return None


def _named(site: Site) -> Iterator[tuple[str, Any]]:
    yield from list(site.frame.f_locals.items())
    yield from list(site.frame.f_globals.items())


def _is_module(value: object) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and is_a(value, torch.nn.Module)


def named_module(layer: Any, sites: Sequence[Site]) -> str:
    """The way to a layer from a name of the user's, such as ``"model.head.1"``."""
    found = found_module(layer, sites)
    if found:
        return found.name
    return f"{with_article(type(layer).__name__)} layer"


def at_start(layer: str) -> str:
    """A layer at the start of a sentence; a name of the user's stays as it is."""
    return layer[:1].upper() + layer[1:] if " " in layer else layer


def weight_name(layer: str, key: str) -> str:
    """What a parameter of a layer is called, where the layer may have no name of the user's."""
    return f"the {key} of {layer}" if " " in layer else f"{layer}.{key}"


def constructor_of(found: Found | None, failure: Failure) -> Constructor | None:
    """The call that made a layer, in the user's cells; None where no single call is its own."""
    if found is None:
        return None
    if not found.path:
        return _assigned(found, failure)
    owner_path, _, key = found.path.rpartition(".")
    owner = found.model.get_submodule(owner_path)
    if key == COMPILED:
        return _compiled(constructor_of(replace(found, path=owner_path), failure))
    if key.isdecimal():
        made = constructor_of(replace(found, path=owner_path), failure)
        return None if made is None else _argument(made, int(key))
    return _attribute(type(owner), key, failure)


def constructor_of_written(node: ast.expr, site: Site, failure: Failure) -> Constructor | None:
    """The call that made what a name or ``self.KEY`` stands for, in any framework."""
    if isinstance(node, ast.Name):
        origin = origin_of(node.id, site, failure)
        return None if origin is None else _constructor(origin.place, origin.value)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = site.names.get(node.value.id)
        if node.value.id == "self" and owner is not None:
            return _attribute(type(owner), node.attr, failure)
    return None


def _compiled(made: Constructor | None) -> Constructor | None:
    """The model that was given to ``torch.compile`` where it is made."""
    call = made.call if made is not None else None
    if made is None or call is None or not call.args:
        return None
    is_compile = ast.unparse(call.func).rpartition(".")[2] == "compile"
    return _constructor(made.place, call.args[0]) if is_compile else None


def _argument(made: Constructor, position: int) -> Constructor | None:
    """The layer that was given to a ``Sequential`` or in the list of a ``ModuleList``."""
    items = made.call.args
    if len(items) == 1 and isinstance(items[0], ast.List | ast.Tuple):
        items = items[0].elts
    if len(items) <= position or any(isinstance(each, ast.Starred) for each in items):
        return None
    item = items[position]
    return _constructor(made.place, item)


def _constructor(near: Place | Code, value: ast.expr) -> Constructor | None:
    if not isinstance(value, ast.Call):
        return None
    return Constructor(place_of(near.cell, near.file, value.lineno), value)


def _attribute(owner: type, key: str, failure: Failure) -> Constructor | None:
    """What ``__init__`` of a class of the user's assigns to ``self.KEY``, if it does so once."""
    for code in _codes_of(owner, failure):
        for node in ast.walk(code.tree):
            if isinstance(node, ast.ClassDef) and node.name == owner.__name__:
                values = list(_values(node, f"self.{key}"))
                return _constructor(code, values[0]) if len(values) == 1 else None
    return None


def _codes_of(owner: type, failure: Failure) -> Iterator[Code]:
    """The cell in which a class was written; without its name, all that have such a class."""
    made = getattr(vars(owner).get("__init__"), "__code__", None)
    cell = failure.name_of_cell(made.co_filename) if made is not None else None
    own = code_of(made.co_filename, cell) if made is not None and cell is not None else None
    yield from [own] if own else codes(failure.name_of_cell, f"class {owner.__name__}")


def _assigned(found: Found, failure: Failure) -> Constructor | None:
    origin = origin_of(found.root, found.site, failure)
    return None if origin is None else _constructor(origin.place, origin.value)


def _values(scope: ast.AST, target: str) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets, value) if target in map(ast.unparse, targets):
                yield value
            case ast.AnnAssign(own, _, ast.expr() as value) if ast.unparse(own) == target:
                yield value
