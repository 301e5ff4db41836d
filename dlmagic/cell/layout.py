"""Where each name of a cell lives while the cell runs as a function.

Most names become parameters and local variables, which is what graph modes and fast
code want. A name stays in the notebook's namespace where something else looks at it
there: a function that the cell defines or calls, an ``except ... as name``. A cell that
reaches for its own names by text (``exec``, ``globals()``, IPython lines) stays a module.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import BuiltinFunctionType, CodeType, ModuleType

from dlmagic.cell import flow, global_names
from dlmagic.cell.hoist import Definition, is_star_import, split_definitions

_BY_TEXT = frozenset(
    {"_getframe", "currentframe", "eval", "exec", "get_ipython", "globals", "locals"}
)
_ATTRIBUTES_BY_TEXT = frozenset({"_getframe", "currentframe", "user_ns"})
_BY_TEXT_WITHOUT_ARGUMENTS = frozenset({"dir", "vars"})


@dataclass(frozen=True)
class Layout:
    """How a cell is taken apart.

    Attributes:
        definitions: Functions, classes and imports to execute once in the namespace.
        body: The remaining statements.
        as_module: Whether the body must run as module code, in the namespace itself.
        reads: Every name that the cell reads, directly or in functions it defines.
        needs: Those of them whose value from before the cell may be read.
        parameters: Names whose values come in, in order of first use.
        outputs: Local names whose values go out.
        unset: Those outputs that may have no value at the end.
        deleted: Those outputs that a ``del`` takes the value of, somewhere in the cell.
        shared: Names written by the cell that stay in the namespace while it runs.
    """

    definitions: tuple[Definition, ...]
    body: tuple[ast.stmt, ...]
    as_module: bool
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def all_statements(self) -> tuple[ast.stmt, ...]:
        """Definitions and body."""
        return (*self.definitions, *self.body)


def lay_out(
    statements: Sequence[ast.stmt], namespace: dict[str, object], *, as_module: bool = False
) -> Layout:
    """Decide where each name of a cell lives.

    Args:
        statements: The cell.
        namespace: The notebook's names.
        as_module: Whether all names live in the namespace while the cell runs, as in a plain run.
    """
    definitions, body = split_definitions(statements, namespace)
    names = flow.analyse(body)
    ahead = flow.analyse(definitions)
    lazily = sorted(ahead.lazy.loads | names.lazy.loads)
    reads = tuple(dict.fromkeys([*ahead.reads, *names.reads, *lazily]))
    if as_module or _reaches_names_by_text(statements, body, names, namespace):
        definitions, body = split_definitions(statements, namespace, leading=True)
        names = flow.analyse(body)
        return Layout(
            tuple(definitions), tuple(body), True, reads, needs=reads, shared=tuple(names.writes)
        )
    elsewhere = names.lazy | ahead.lazy | global_names.of_namespace(namespace)
    shared = _shared(body, names, elsewhere, namespace) | (names.writes.keys() & ahead.writes)
    if any(is_star_import(definition) for definition in definitions):
        shared |= (names.exposed & names.writes.keys()) - namespace.keys()
    outputs = tuple(name for name in names.writes if name not in shared)
    parameters = tuple(
        name
        for name in names.reads
        if name in names.exposed
        and name not in shared
        and name not in names.lazy.loads
        and (name in names.writes or not _stays_global(name, definitions, namespace))
        and (name in namespace or name in ahead.writes)
    )
    deleted = tuple(name for name in outputs if name in names.deleted)
    unset = tuple(name for name in outputs if name not in names.bound.union(parameters))
    return Layout(
        definitions=tuple(definitions),
        body=tuple(body),
        as_module=False,
        reads=reads,
        needs=tuple(
            name
            for name in reads
            if name not in outputs or name in names.exposed or name in ahead.reads
        ),
        parameters=parameters,
        outputs=outputs,
        unset=tuple(dict.fromkeys([*unset, *deleted])),
        deleted=deleted,
        shared=tuple(name for name in names.writes if name in shared),
    )


def _shared(
    body: Sequence[ast.stmt],
    names: flow.Flow,
    elsewhere: global_names.GlobalNames,
    namespace: dict[str, object],
) -> set[str]:
    """Names that must stay in the namespace while the cell runs."""
    writes = set(names.writes)
    shared = writes & (elsewhere.loads | elsewhere.stores)
    shared |= set(names.reads) & elsewhere.stores
    shared |= names.unstable
    shared |= {name for node in body for name in _defined_in(node)}
    for name in (names.exposed & writes) - namespace.keys():
        # Unbound at first: a built-in may stand behind it, it may end without a value, or
        # the cell may look at the error that reading it raises.
        if hasattr(builtins, name) or name not in names.bound or _handles_errors(body):
            shared.add(name)
    return shared


def _handles_errors(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Try | ast.TryStar) for part in body for node in ast.walk(part))


def _stays_global(
    name: str, definitions: Sequence[Definition], namespace: dict[str, object]
) -> bool:
    """Whether a name that the cell only reads is better read as a global.

    Modules, classes and built-in functions are no input of a computation.
    """
    for definition in reversed(definitions):
        if isinstance(definition, ast.Import | ast.ImportFrom):
            if name in flow.imported_names(definition):
                return True
        elif not isinstance(definition, ast.Expr) and definition.name == name:
            return isinstance(definition, ast.ClassDef)
    return isinstance(namespace.get(name), ModuleType | type | BuiltinFunctionType)


def _defined_in(node: ast.AST) -> Iterator[str]:
    """Functions and classes that a statement of the body defines, in blocks too."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
        for child in ast.iter_child_nodes(node):
            yield from _defined_in(child)


def _reaches_names_by_text(
    statements: Sequence[ast.stmt],
    body: Sequence[ast.stmt],
    names: flow.Flow,
    namespace: dict[str, object],
) -> bool:
    """Whether the cell, or a function of the notebook that it can call, does so."""
    if any(_is_by_text(node) for statement in statements for node in ast.walk(statement)):
        return True
    if any(is_star_import(node) for statement in body for node in ast.walk(statement)):
        return True
    helpers = global_names.helpers_of({*names.reads, *names.lazy.loads}, namespace)
    return any(_code_is_by_text(helper.__code__) for helper in helpers)


def _is_by_text(node: ast.AST) -> bool:
    """Whether a node reaches for the notebook's names other than by writing them."""
    if isinstance(node, ast.Name):
        return node.id in _BY_TEXT
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        return node.attr in _ATTRIBUTES_BY_TEXT or (owner, node.attr) == ("sys", "modules")
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [getattr(node, "module", None), *(alias.name for alias in node.names)]
        return "__main__" in modules
    if isinstance(node, ast.Call):
        first = node.args[0] if node.args else None
        named = isinstance(first, ast.Constant) and first.value == "__main__"
        return named or (not node.args and _lists_names(node.func))
    return False


def _code_is_by_text(code: CodeType) -> bool:
    """The same of a compiled function, inner functions included."""
    if global_names.of_code(code).loads & _BY_TEXT:
        return True
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    names = set(code.co_names)
    direct = bool(names & _ATTRIBUTES_BY_TEXT) or {"sys", "modules"} <= names
    return direct or any(_code_is_by_text(part) for part in inner)


def _lists_names(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id in _BY_TEXT_WITHOUT_ARGUMENTS
