"""Which names a cell reads before it binds them, and which it surely binds.

A walk over the statements in the order in which they run, with the set of names
that are surely bound so far (definite assignment, as in the Java language
specification, chapter 16). Loops may run zero times, a branch may not be taken, a
``try`` may stop anywhere; where the walk cannot know, a name counts as not bound.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dlmagic.cell import global_names
from dlmagic.cell.global_names import GlobalNames

_LAZY = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LET_ERRORS_THROUGH = frozenset(
    {
        "GradientTape", "autocast", "device", "enable_grad", "errstate", "fork_rng",
        "inference_mode", "no_grad", "open", "profile", "record_function", "set_grad_enabled",
    }
)  # fmt: skip
_CONSUMERS = frozenset(
    {"all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"}
)


@dataclass
class Flow:
    """What a run of statements does to the names of its scope.

    Attributes:
        reads: All names read, in order of first use.
        exposed: Names read where they may not be bound yet.
        writes: Names bound, in order of first use.
        bound: Names that are surely bound at the end.
        deleted: Names that a ``del`` at the top level of the cell unbinds.
        unstable: Names whose binding comes and goes in a way only a namespace can
            follow: ``except E as name``, a ``del`` inside a block, a name read after its
            ``del``, a name that a lazy generator binds.
        lazy: What functions, classes and lazy generators in the statements use.
    """

    reads: dict[str, None] = field(default_factory=dict)
    exposed: set[str] = field(default_factory=set)
    writes: dict[str, None] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    unstable: set[str] = field(default_factory=set)
    lazy: GlobalNames = field(default_factory=GlobalNames)


def analyse(statements: Iterable[ast.stmt]) -> Flow:
    """Walk over the statements of a cell, or of a part of it."""
    walker = _Walker()
    for statement in statements:
        walker.visit(statement)
    return walker.flow


class _Walker(ast.NodeVisitor):
    """Visits nodes in the order in which Python evaluates them."""

    def __init__(self) -> None:
        self.flow = Flow()
        self.depth = 0
        self.hidden: list[set[str]] = []

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in names for names in self.hidden):
            return
        if isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        else:
            self.read(node.id)
        if isinstance(node.ctx, ast.Del):
            self.unbind(node.id)

    def read(self, name: str) -> None:
        self.flow.reads.setdefault(name)
        if name not in self.flow.bound:
            self.flow.exposed.add(name)
            if name in self.flow.deleted:
                self.flow.unstable.add(name)
        # Had it not been bound, the read would have raised.
        self.flow.bound.add(name)

    def bind(self, name: str) -> None:
        self.flow.writes.setdefault(name)
        self.flow.bound.add(name)

    def unbind(self, name: str) -> None:
        self.flow.writes.setdefault(name)
        self.flow.bound.discard(name)
        self.flow.deleted.add(name)
        if self.depth:
            self.flow.unstable.add(name)

    # Statements

    def visit_Assign(self, node: ast.Assign) -> None:
        self.each([node.value, *node.targets])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.each([node.value, node.target])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.each([node.value, node.target])
        elif not isinstance(node.target, ast.Name):
            self.visit(node.target)
        self.visit(node.annotation)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name in imported_names(node):
            self.bind(name)

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]
        annotations = [argument.annotation for argument in all_arguments(arguments)]
        self.each([*node.decorator_list, *defaults, *annotations, node.returns])
        self.use_lazily(node)
        self.bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.each([*node.decorator_list, *node.bases, *(k.value for k in node.keywords)])
        # Its body runs at once; the functions in it run later.
        for name in analyse(node.body).exposed:
            self.read(name)
        self.use_lazily(node)
        self.bind(node.name)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with _Block(self) as block:
            self.each([node.target, *node.body])
            block.branch()
            self.each(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        with _Block(self) as block:
            self.each(node.body)
            block.branch()
            self.each(node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        with _Block(self) as block:
            self.each(node.body)
            block.branch()
            self.each(node.orelse)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)
        with _Block(self, nested=False) as block:
            self.each([node.msg])
            block.branch()

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        with _Block(self) as block:
            for item in node.items:
                self.each([item.context_expr, item.optional_vars])
            self.each(node.body)
            if not all(_never_suppresses(item.context_expr) for item in node.items):
                block.branch()

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try) -> None:
        before = set(self.flow.bound)
        with _Block(self) as block:
            self.each([*node.body, *node.orelse])
            for handler in node.handlers:
                block.branch()
                self.visit(handler)
        after = set(self.flow.bound)
        # The final block also runs when the body stopped at its first statement.
        self.flow.bound = before
        self.depth += 1
        self.each(node.finalbody)
        self.depth -= 1
        self.flow.bound |= after

    visit_TryStar = visit_Try  # type: ignore[assignment]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type:
            self.visit(node.type)
        if node.name:
            self.bind(node.name)
            self.flow.unstable.add(node.name)
        self.each(node.body)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        with _Block(self) as block:
            for case in node.cases:
                self.each([case.pattern, case.guard, *case.body])
                block.branch()

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name:
            self.bind(node.name)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self.bind(node.rest)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        name = getattr(node, "name")  # noqa: B009 - the node type is new in Python 3.12
        assert isinstance(node, ast.stmt)
        assert isinstance(name, ast.Name)
        self.use_lazily(node)
        self.bind(name.id)

    # Expressions

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        # Inside a comprehension it still binds a name of the cell, perhaps zero times.
        self.bind(node.target.id)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.each([node.left, node.comparators[0]])
        with _Block(self, nested=False) as block:
            self.each(node.comparators[1:])
            block.branch()

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        with _Block(self, nested=False) as block:
            self.each(node.values[1:])
            block.branch()

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        with _Block(self, nested=False) as block:
            self.visit(node.body)
            block.branch()
            self.visit(node.orelse)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.each([*node.args.defaults, *(d for d in node.args.kw_defaults if d)])
        self.use_lazily(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.visit(node.func)
        consumed = isinstance(node.func, ast.Name) and node.func.id in _CONSUMERS
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if consumed and isinstance(argument, ast.GeneratorExp):
                self.comprehension(argument, [argument.elt])
            else:
                self.visit(argument)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> None:
        self.comprehension(node, [node.elt])

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.comprehension(node, [node.key, node.value])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        # Only the first iterable is evaluated now; the rest whenever somebody asks for a value.
        self.visit(node.generators[0].iter)
        self.use_lazily(node)
        for part in ast.walk(node):
            if isinstance(part, ast.NamedExpr):
                self.flow.writes.setdefault(part.target.id)
                self.flow.unstable.add(part.target.id)

    def comprehension(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        elements: Sequence[ast.expr],
    ) -> None:
        """Visit a comprehension that runs at once; its targets are names of its own."""
        self.visit(node.generators[0].iter)
        with _Block(self) as block:
            targets = {
                name.id
                for generator in node.generators
                for name in ast.walk(generator.target)
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
            self.hidden.append(targets)
            for index, generator in enumerate(node.generators):
                self.each([generator.iter if index else None, generator.target, *generator.ifs])
            self.each(elements)
            self.hidden.pop()
            block.branch()

    # Helpers

    def use_lazily(self, node: ast.stmt | ast.expr) -> None:
        """Note what a function, class or generator uses that may outlive the cell."""
        used = global_names.of_node(node)
        hidden = frozenset().union(*self.hidden)
        used = GlobalNames(used.loads - hidden, used.stores - hidden)
        self.flow.lazy = self.flow.lazy | used

    def each(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)


class _Block:
    """Branches of which one runs: afterwards only what every branch binds is bound.

    ``branch()`` ends one branch and begins the next, with the names bound at the start.
    """

    def __init__(self, walker: _Walker, *, nested: bool = True) -> None:
        self.walker = walker
        self.nested = nested

    def __enter__(self) -> _Block:
        self.walker.depth += self.nested
        self.start = set(self.walker.flow.bound)
        self.common: set[str] | None = None
        return self

    def branch(self) -> None:
        bound = self.walker.flow.bound
        self.common = set(bound) if self.common is None else self.common & bound
        self.walker.flow.bound = set(self.start)

    def __exit__(self, *exception: object) -> None:
        self.branch()
        self.walker.flow.bound = self.common or set()
        self.walker.depth -= self.nested


def _never_suppresses(manager: ast.expr) -> bool:
    """Whether a context manager is known to let every error through."""
    made_by = manager.func if isinstance(manager, ast.Call) else manager
    name = made_by.attr if isinstance(made_by, ast.Attribute) else getattr(made_by, "id", "")
    return name in _LET_ERRORS_THROUGH


def imported_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The names that an import binds; none for a star import."""
    names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return [name for name in names if name != "*"]


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Every argument of a function, the starred ones last."""
    rest = [a for a in (arguments.vararg, arguments.kwarg) if a]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]
