"""Which of the notebook's names a function reads and writes, told by its bytecode.

A function that outlives its cell reads the notebook's globals each time it is
called. Python's own compiler knows best which names those are: whatever it
compiled into a global (or, in a class body, a named) load or store.
"""

from __future__ import annotations

import ast
import dis
import gc
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType

_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_STORES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})


@dataclass(frozen=True)
class GlobalNames:
    """Names of the notebook that some code uses.

    Attributes:
        loads: Names that it reads.
        stores: Names that it binds or deletes.
    """

    loads: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()

    def __or__(self, other: GlobalNames) -> GlobalNames:
        return GlobalNames(self.loads | other.loads, self.stores | other.stores)


def of_code(code: CodeType) -> GlobalNames:
    """The names that a code object uses, functions defined within it included."""
    loads: set[str] = set()
    stores: set[str] = set()
    for part in _with_nested(code):
        for instruction in dis.get_instructions(part):
            if instruction.opname in _LOADS:
                loads.add(instruction.argval)
            elif instruction.opname in _STORES:
                stores.add(instruction.argval)
    return GlobalNames(frozenset(loads), frozenset(stores))


def of_node(node: ast.stmt | ast.expr) -> GlobalNames:
    """The names that the functions, classes and lazy generators inside a node use.

    The node is compiled alone, as if it stood in a module, so every name that is not
    local to the function is a global one. The compiler leaves out code that is never
    reached; its names count all the same, since they decide what becomes a closure.
    """
    statement = ast.Expr(node) if isinstance(node, ast.expr) else node
    module = ast.Module([ast.copy_location(statement, node)], [])
    code = compile(module, "<names>", "exec", dont_inherit=True)
    parts = [part for part in code.co_consts if isinstance(part, CodeType)]
    inner = [code for part in parts for code in _with_nested(part)]
    local = {name for c in inner for name in (*c.co_varnames, *c.co_cellvars, *c.co_freevars)}
    unreached = GlobalNames(frozenset(_names_in_body(node) - local))
    return union([unreached, *(of_code(part) for part in parts)])


def _names_in_body(node: ast.AST) -> set[str]:
    body = getattr(node, "body", [])
    parts: list[ast.AST] = body if isinstance(body, list) else [body]
    names = (part for root in parts for part in ast.walk(root) if isinstance(part, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def of_namespace(namespace: dict[str, object]) -> GlobalNames:
    """The names that any living function of a notebook uses.

    Functions are found as referrers of the namespace, so those in containers, closures
    and classes count too. A whole cell that has run does not: an error may keep it alive, and
    nobody calls it again.
    """
    functions = (f for f in gc.get_referrers(namespace) if isinstance(f, FunctionType))
    codes = {f.__code__ for f in functions if f.__globals__ is namespace}
    return union(of_code(code) for code in codes if code.co_flags & inspect.CO_OPTIMIZED)


def names_in(code: CodeType) -> set[str]:
    """Every name that some code uses and does not define itself: globals and attributes."""
    return {name for part in _with_nested(code) for name in part.co_names}


def helpers_of(names: Iterable[str], namespace: Mapping[str, object]) -> Iterator[FunctionType]:
    """The functions of a notebook that can be called by way of some of its names.

    Functions themselves, methods of its classes and of their objects, and whatever those
    name in turn.
    """
    waiting, seen = set(names), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for function in _functions_of(namespace.get(name), namespace):
            yield function
            waiting |= of_code(function.__code__).loads - seen


def is_of_notebook(value: object, namespace: Mapping[str, object]) -> bool:
    """Whether a function, a class or an object comes from the notebook, not from a library."""
    if isinstance(value, ModuleType):
        return False
    if isinstance(value, FunctionType):
        return value.__globals__ is namespace
    owner = value if isinstance(value, type) else type(value)
    return owner.__module__ == namespace.get("__name__")


def _functions_of(value: object, namespace: Mapping[str, object]) -> list[FunctionType]:
    if isinstance(value, FunctionType):
        return [value] if value.__globals__ is namespace else []
    owner = value if isinstance(value, type) else type(value)
    members = [member for base in owner.__mro__ for member in vars(base).values()]
    functions = (getattr(member, "__func__", member) for member in members)
    return [f for f in functions if isinstance(f, FunctionType) and f.__globals__ is namespace]


def union(parts: Iterable[GlobalNames]) -> GlobalNames:
    """All names of several parts together."""
    total = GlobalNames()
    for part in parts:
        total = total | part
    return total


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)
