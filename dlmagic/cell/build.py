"""From a cell's statements to code: one function, or module code that behaves like one."""

from __future__ import annotations
import __future__

import ast
import copy
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

from dlmagic.cell.layout import Layout
from dlmagic.cell.source import CellSource

_ANNOTATIONS_WAIT = __future__.annotations.compiler_flag
"""The flag under which annotations are not evaluated; from Python 3.14 on they never are."""
_DEEPEST_TREE = 50_000  # frames of Python code, which take no room on the C stack
MISSING_NAME = ".missing"
"""No name that anybody can type."""


class Missing:
    """Stands for "this name has no value", where a local variable must hold something."""

    def __repr__(self) -> str:
        return "<no value>"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


@contextmanager
def compiling_again() -> Iterator[None]:
    """While active, syntax trees may be deep, and are warned of no more.

    A long sum is a deep tree. What the compiler warns of it has said in :func:`parse`.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEPEST_TREE))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            # What Python 3.11 calls an invalid escape in a text.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        sys.setrecursionlimit(before)


def parse(source: CellSource) -> tuple[ast.Module, int]:
    """Parse and check a cell as the module code that a plain run makes of it.

    Returns:
        The tree, and the compiler flags that its ``from __future__`` imports add.

    Raises:
        SyntaxError: At the user's line, as in a plain run.
    """
    flags = source.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(
        source.python, source.filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True
    )
    assert isinstance(tree, ast.Module)
    # Compiling finds what parsing does not, such as a return outside a function; one
    # statement after the other, as IPython does it.
    found = 0
    for node in tree.body:
        found |= module_code([node], source.filename, flags).co_flags
    future = sum({feature.compiler_flag for feature in _features()})
    return tree, source.flags | (found & future)


def module_code(statements: Sequence[ast.stmt], filename: str, flags: int) -> CodeType:
    """Code that executes statements in a namespace."""
    tree = ast.Module(list(statements), [])
    code = compile(tree, filename, "exec", flags, dont_inherit=True)
    assert isinstance(code, CodeType)
    return code


def function_of(
    layout: Layout, namespace: dict[str, object], filename: str, flags: int
) -> FunctionType:
    """The body of a cell as a function of its parameters.

    It returns a tuple: the value of a last expression (or None), then the outputs. Names
    that may be unset have a parameter too, which callers leave to its default.
    """
    body, value = _without_last_expression(layout.body)
    body = _rewritten(body, layout.deleted, annotations=_evaluates_annotations(flags))
    returned = [value, *(ast.Name(name, ast.Load()) for name in layout.outputs)]
    end = ast.Return(ast.Tuple(returned, ast.Load()))
    ast.copy_location(end, value)
    shared = [ast.Global(list(layout.shared))] if layout.shared else []
    names = [*layout.parameters, *optional_names(layout)]
    definition = ast.FunctionDef(
        name="cell",
        args=ast.arguments(
            posonlyargs=[],
            args=[ast.arg(name) for name in names],
            kwonlyargs=[],
            kw_defaults=[],
            defaults=[ast.Constant(None) for _ in optional_names(layout)],
        ),
        body=[*shared, *body, end],
        decorator_list=[],
    )
    # Code of a module begins in line 1, wherever its first statement is; IPython counts on it.
    definition.lineno = definition.end_lineno = 1
    definition.col_offset = definition.end_col_offset = 0
    module = ast.fix_missing_locations(ast.Module([definition], []))
    code = compile(module, filename, "exec", flags, dont_inherit=True)
    (inner,) = [part for part in code.co_consts if isinstance(part, CodeType)]
    inner = _as_top_level(inner).replace(co_name="<module>", co_qualname="<module>")
    return FunctionType(inner, namespace, "cell", (MISSING,) * len(optional_names(layout)))


def _as_top_level(code: CodeType) -> CodeType:
    """Name what is defined inside as a plain run names it: ``<lambda>``, without the function.

    Tracebacks, pickle and printed functions then say the same as after a plain run.
    """
    constants = tuple(
        _as_top_level(part) if isinstance(part, CodeType) else part for part in code.co_consts
    )
    name = code.co_qualname.removeprefix("cell.<locals>.")
    return code.replace(co_consts=constants, co_qualname=name)


def without_deletions(body: Sequence[ast.stmt]) -> tuple[ast.stmt, ...]:
    """Statements in which ``del name`` does nothing; ``del a[0]`` stays."""
    container = ast.Module([copy.deepcopy(node) for node in body], [])
    _KeepNames().visit(container)
    return tuple(container.body)


def optional_names(layout: Layout) -> tuple[str, ...]:
    """Parameters that callers never pass: names that may stay unset, and the marker for it."""
    without_value = tuple(name for name in layout.unset if name not in layout.parameters)
    return (*without_value, MISSING_NAME) if layout.deleted else without_value


def module_function_of(
    layout: Layout, namespace: dict[str, object], filename: str, flags: int
) -> Callable[[], tuple[object, ...]]:
    """The body of a cell as module code that is called like a function without parameters."""
    *statements, last = layout.body or (ast.Pass(lineno=1, col_offset=0),)
    if not isinstance(last, ast.Expr):
        statements.append(last)
    # Module code uses its globals as its locals also when it is wrapped in a function.
    run = FunctionType(module_code(statements, filename, flags), namespace)
    if not isinstance(last, ast.Expr):
        return lambda: (run(),)
    expression = compile(ast.Expression(last.value), filename, "eval", flags, dont_inherit=True)
    evaluate = FunctionType(expression, namespace)

    def cell() -> tuple[object, ...]:
        run()
        return (evaluate(),)

    return cell


def _without_last_expression(body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], ast.expr]:
    if body and isinstance(body[-1], ast.Expr):
        return list(body[:-1]), copy.deepcopy(body[-1].value)
    nothing = ast.Constant(None)
    if body:
        # The return belongs to no line of the user's; the last one is the nearest.
        nothing.lineno = nothing.end_lineno = body[-1].end_lineno or body[-1].lineno
        nothing.col_offset = nothing.end_col_offset = 0
    return list(body), nothing


def _evaluates_annotations(flags: int) -> bool:
    return sys.version_info < (3, 14) and not flags & _ANNOTATIONS_WAIT


def _rewritten(
    body: Sequence[ast.stmt], deleted: Collection[str], *, annotations: bool
) -> list[ast.stmt]:
    container = ast.Module([copy.deepcopy(node) for node in body], [])
    _Rewrite(deleted, annotations).visit(container)
    return container.body


class _Rewrite(ast.NodeTransformer):
    """What means something else in a function than in a module, said as in a module."""

    def __init__(self, deleted: Collection[str], annotations: bool) -> None:
        self.deleted = deleted
        self.annotations = annotations

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | list[ast.stmt]:
        # In a module the annotation is evaluated, and without a value nothing is declared.
        shown = node.annotation if self.annotations else ast.Constant(None)
        annotation = ast.copy_location(ast.Expr(ast.copy_location(shown, node)), node)
        if node.value is None:
            return annotation
        assigned = ast.copy_location(ast.Assign([node.target], node.value), node)
        return [assigned, annotation]

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        return [self._without_value(target) for target in _flattened(node.targets)]

    def _without_value(self, target: ast.expr) -> ast.stmt:
        statement: ast.stmt = ast.Delete([target])
        if isinstance(target, ast.Name) and target.id in self.deleted:
            missing = ast.Name(MISSING_NAME, ast.Load())
            statement = ast.Assign([ast.Name(target.id, ast.Store())], missing)
        return ast.copy_location(statement, target)

    def _keep(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _keep


class _KeepNames(ast.NodeTransformer):
    """Names keep their values until the function ends."""

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        targets = [t for t in _flattened(node.targets) if not isinstance(t, ast.Name)]
        kept: list[ast.stmt] = [ast.Delete([target]) for target in targets]
        return [ast.copy_location(statement, node) for statement in kept or [ast.Pass()]]

    def _keep(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _keep


def _flattened(targets: Sequence[ast.expr]) -> Iterator[ast.expr]:
    """The targets of ``del a, (b, [c])`` one by one."""
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _flattened(target.elts)
        else:
            yield target


def _features() -> list[Any]:
    return [getattr(__future__, name) for name in __future__.all_feature_names]
