"""Which definitions of a cell may run once, ahead of the rest, without anybody noticing.

Functions, classes and imports are executed in the notebook's namespace, so that they
read its globals live and pickle as ``__main__.Name``, and so that timing a cell does
not time a ``def``. A definition moves ahead of an earlier statement only where that
cannot be seen: its names are not used before it, what it needs at once is not written
before it, and it runs no code of the user's and draws no random number.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from types import FunctionType, ModuleType

from dlmagic.cell import flow, global_names

Definition = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def split_definitions(
    statements: Sequence[ast.stmt], namespace: Mapping[str, object]
) -> tuple[list[Definition], list[ast.stmt]]:
    """Divide a cell into what is executed once in the namespace and the remainder."""
    split = _Split(namespace)
    for statement in statements:
        split.add(statement)
    return split.definitions, split.body


def is_star_import(statement: ast.AST) -> bool:
    """Whether a statement is ``from module import *``."""
    return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"


class _Split:
    def __init__(self, namespace: Mapping[str, object]) -> None:
        self.namespace = namespace
        self.definitions: list[Definition] = []
        self.body: list[ast.stmt] = []
        self.imported: set[str] = set()
        self.defined: set[str] = set()
        self.used: set[str] = set()
        self.written: set[str] = set()

    def add(self, statement: ast.stmt) -> None:
        names = flow.analyse([statement])
        if isinstance(statement, Definition) and (not self.body or self.may_move(statement, names)):
            self.definitions.append(statement)
            self.defined.update(names.writes)
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.imported.update(names.writes)
            return
        self.body.append(statement)
        self.written.update(names.writes, names.lazy.stores)
        self.used.update(names.reads, names.lazy.loads)
        self.used |= self.used_by_helpers(names)

    def may_move(self, statement: Definition, names: flow.Flow) -> bool:
        bound = set(names.writes)
        if bound & (self.used | self.written) or names.exposed & self.written:
            return False
        if not all(self.exists(name) for name in names.exposed):
            return False
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return _already_imported(statement)
        return self.is_quiet(statement)

    def exists(self, name: str) -> bool:
        return name in self.namespace or name in self.defined or hasattr(builtins, name)

    def is_quiet(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
        """Whether defining it runs only library code that prints and draws nothing."""
        if not all(self.from_library(decorator) for decorator in statement.decorator_list):
            return False
        if isinstance(statement, ast.ClassDef):
            return self.class_is_quiet(statement)
        defaults = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
        return not any(_calls(default) for default in defaults)

    def class_is_quiet(self, statement: ast.ClassDef) -> bool:
        quiet = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.AnnAssign, ast.Pass)
        for part in statement.body:
            documentation = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
            if not documentation and not isinstance(part, quiet):
                return False
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                if not self.is_quiet(part):
                    return False
            elif _calls(part):
                return False
        bases = [*statement.bases, *(keyword.value for keyword in statement.keywords)]
        return all(self.from_library(base) or _plain_class(self.value(base)) for base in bases)

    def from_library(self, expression: ast.expr) -> bool:
        """Whether a decorator or base class comes from a library, not from the notebook."""
        root = expression.func if isinstance(expression, ast.Call) else expression
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name):
            return False
        if root.id in self.defined:
            return root.id in self.imported
        if root.id not in self.namespace:
            return hasattr(builtins, root.id)
        return not _of_notebook(self.namespace[root.id], self.namespace)

    def value(self, expression: ast.expr) -> object:
        if isinstance(expression, ast.Name) and expression.id not in self.defined:
            return self.namespace.get(expression.id)
        return None

    def used_by_helpers(self, names: flow.Flow) -> set[str]:
        """Names that functions of earlier cells use when this statement calls them."""
        found: set[str] = set()
        waiting = set(names.reads) | names.lazy.loads
        while waiting:
            value = self.namespace.get(waiting.pop())
            for function in _functions_of(value, self.namespace):
                used = global_names.of_code(function.__code__)
                fresh = (used.loads | used.stores) - found
                found |= fresh
                waiting |= fresh
        return found


def _functions_of(value: object, namespace: Mapping[str, object]) -> list[FunctionType]:
    if isinstance(value, FunctionType):
        return [value] if value.__globals__ is namespace else []
    owner = value if isinstance(value, type) else type(value)
    if not _of_notebook(owner, namespace):
        return []
    return [member for member in vars(owner).values() if isinstance(member, FunctionType)]


def _of_notebook(value: object, namespace: Mapping[str, object]) -> bool:
    if isinstance(value, ModuleType):
        return False
    if isinstance(value, FunctionType):
        return value.__globals__ is namespace
    owner = value if isinstance(value, type) else type(value)
    return owner.__module__ == namespace.get("__name__")


def _plain_class(value: object) -> bool:
    """A class of the notebook whose subclasses are made without running its code."""
    return (
        isinstance(value, type)
        and type(value).__module__ != value.__module__
        and not any("__init_subclass__" in vars(base) for base in value.__mro__[:-1])
    )


def _already_imported(statement: ast.Import | ast.ImportFrom) -> bool:
    if is_star_import(statement):
        return False
    if isinstance(statement, ast.Import):
        return all(alias.name in sys.modules for alias in statement.names)
    if statement.level or statement.module not in sys.modules:
        return False
    module = importlib.import_module(statement.module)
    return all(alias.name in vars(module) for alias in statement.names)


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call | ast.Await) for part in ast.walk(node))
