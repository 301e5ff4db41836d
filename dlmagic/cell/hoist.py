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
import sys
from collections.abc import Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TypeGuard

from dlmagic.cell import flow, global_names

Definition = (
    ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Expr
)
"""An expression is one where it is a text alone, which becomes the notebook's ``__doc__``."""


def split_definitions(
    statements: Sequence[ast.stmt], namespace: Mapping[str, object], *, leading: bool = False
) -> tuple[list[Definition], list[ast.stmt]]:
    """Divide a cell into what is executed once in the namespace and the remainder.

    Args:
        statements: The cell.
        namespace: The notebook's namespace.
        leading: Whether only definitions at the top of the cell are taken out.
    """
    split = _Split(namespace, leading)
    for statement in statements[:-1]:
        split.add(statement)
    if statements:
        split.add(statements[-1], last=True)
    return split.definitions, split.body


def is_star_import(statement: ast.AST) -> bool:
    """Whether a statement is ``from module import *``."""
    return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"


class _Split:
    def __init__(self, namespace: Mapping[str, object], leading: bool) -> None:
        self.namespace = namespace
        self.leading = leading
        self.definitions: list[Definition] = []
        self.body: list[ast.stmt] = []
        self.imported: dict[str, ModuleType | None] = {}
        self.defined: set[str] = set()
        self.used: set[str] = set()
        self.written: set[str] = set()

    def add(self, statement: ast.stmt, *, last: bool = False) -> None:
        names = flow.analyse([statement])
        if _is_definition(statement, last) and (not self.body or self.may_move(statement, names)):
            self.definitions.append(statement)
            self.defined.update(names.writes)
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.imported.update(_modules_of(statement))
            return
        self.body.append(statement)
        self.written.update(names.writes, names.lazy.stores)
        self.used.update(names.reads, names.lazy.loads)
        self.used |= self.used_by_helpers(names)

    def may_move(self, statement: Definition, names: flow.Flow) -> bool:
        if self.leading:
            return False
        bound = set(names.writes)
        if bound & (self.used | self.written) or names.exposed & self.written:
            return False
        if not all(self.exists(name) for name in names.exposed):
            return False
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return _already_imported(statement)
        if isinstance(statement, ast.Expr):
            return "__doc__" not in self.used | self.written
        return self.is_quiet(statement)

    def exists(self, name: str) -> bool:
        return name in self.namespace or name in self.defined or hasattr(builtins, name)

    def is_quiet(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
        """Whether defining it runs only library code that prints and draws nothing."""
        if not all(self.from_library(decorator) for decorator in statement.decorator_list):
            return False
        if isinstance(statement, ast.ClassDef):
            return self.class_is_quiet(statement)
        arguments = flow.all_arguments(statement.args)
        evaluated = [
            *statement.args.defaults,
            *statement.args.kw_defaults,
            *(argument.annotation for argument in arguments),
            statement.returns,
        ]
        return all(part is None or self.is_harmless(part) for part in evaluated)

    def class_is_quiet(self, statement: ast.ClassDef) -> bool:
        bases = [*statement.bases, *(keyword.value for keyword in statement.keywords)]
        return all(self.part_is_quiet(part) for part in statement.body) and all(
            self.from_library(base) or _plain_class(self.value(base)) for base in bases
        )

    def part_is_quiet(self, part: ast.stmt) -> bool:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            return self.is_quiet(part)
        if isinstance(part, ast.Expr):
            return isinstance(part.value, ast.Constant)
        if isinstance(part, ast.Assign):
            named = all(isinstance(target, ast.Name) for target in part.targets)
            return named and self.is_harmless(part.value)
        if isinstance(part, ast.AnnAssign):
            value = part.value is None or self.is_harmless(part.value)
            return value and self.is_harmless(part.annotation)
        return isinstance(part, ast.Pass)

    def is_harmless(self, expression: ast.expr) -> bool:
        """Whether evaluating it can neither fail nor do anything."""
        parts: list[ast.expr] = []
        if isinstance(expression, ast.Attribute):
            owner = self.value(expression.value)
            return isinstance(owner, ModuleType) and expression.attr in vars(owner)
        if isinstance(expression, ast.Tuple | ast.List):
            parts = expression.elts
        elif isinstance(expression, ast.UnaryOp):
            return isinstance(expression.operand, ast.Constant)
        elif isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.BitOr):
            parts = [expression.left, expression.right]
        elif not isinstance(expression, ast.Constant | ast.Name | ast.Lambda):
            return False
        return all(self.is_harmless(part) for part in parts)

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
        value = self.namespace[root.id]
        definition = isinstance(value, ModuleType | FunctionType | BuiltinFunctionType | type)
        return definition and not global_names.is_of_notebook(value, self.namespace)

    def value(self, expression: ast.expr) -> object:
        """What a name of the notebook, or of a module that it imported, stands for now."""
        if isinstance(expression, ast.Attribute):
            owner = self.value(expression.value)
            return vars(owner).get(expression.attr) if isinstance(owner, ModuleType) else None
        if not isinstance(expression, ast.Name):
            return None
        if expression.id in self.imported:
            return self.imported[expression.id]
        return None if expression.id in self.defined else self.namespace.get(expression.id)

    def used_by_helpers(self, names: flow.Flow) -> set[str]:
        """Names that functions of earlier cells use when this statement calls them."""
        called = set(names.reads) | names.lazy.loads
        used = global_names.union(
            global_names.of_code(function.__code__)
            for function in global_names.helpers_of(called, self.namespace)
        )
        return {*used.loads, *used.stores}


def _is_definition(statement: ast.stmt, last: bool) -> TypeGuard[Definition]:
    if isinstance(statement, ast.Expr):
        text = isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
        return text and not last
    return isinstance(statement, Definition)


def _plain_class(value: object) -> bool:
    """A class of the notebook whose subclasses are made without running its code."""
    return (
        isinstance(value, type)
        and type(value).__module__ != value.__module__
        and not any("__init_subclass__" in vars(base) for base in value.__mro__[:-1])
    )


def _already_imported(statement: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import only binds names to modules that are loaded.

    What ``from module import name`` finds may be changed by the statements before it.
    """
    names = [alias.name for alias in statement.names]
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    return isinstance(statement, ast.Import) and all(name in sys.modules for name in names)


def _modules_of(statement: ast.Import | ast.ImportFrom) -> dict[str, ModuleType | None]:
    """What an import binds, as far as it is a module that is loaded already."""
    bound: dict[str, ModuleType | None] = dict.fromkeys(flow.imported_names(statement))
    for alias in statement.names if isinstance(statement, ast.Import) else ():
        name = alias.asname or alias.name.partition(".")[0]
        bound[name] = sys.modules.get(alias.name if alias.asname else name)
    return bound
