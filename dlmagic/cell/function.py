"""A notebook cell as a function with explicit inputs and outputs."""

from __future__ import annotations

import ast
import builtins
import dis
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import FunctionType, TracebackType

from dlmagic.cell import build
from dlmagic.cell.build import MISSING
from dlmagic.cell.flow import analyse
from dlmagic.cell.global_names import helpers_of, names_in
from dlmagic.cell.layout import Layout, lay_out
from dlmagic.cell.source import CellSource
from dlmagic.cell.source_form import function_with_source, require_no_namespace
from dlmagic.errors import CellError


@dataclass(frozen=True)
class CellFunction:
    """A cell, compiled once.

    Attributes:
        source: The cell's text.
        namespace: The notebook's namespace.
        layout: Which statements are definitions, and where each name lives.
        flags: Compiler flags, the cell's own ``from __future__`` imports included.
    """

    source: CellSource
    namespace: dict[str, object]
    layout: Layout
    flags: int

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names whose values the function takes, in order."""
        return self.layout.parameters

    @property
    def outputs(self) -> tuple[str, ...]:
        """Local names whose values the function returns, after the last expression's value."""
        return self.layout.outputs

    @property
    def shared(self) -> tuple[str, ...]:
        """Names that the function writes into the namespace while it runs."""
        return self.layout.shared

    @property
    def reads(self) -> tuple[str, ...]:
        """Every name that the cell reads, as a parameter or as a global."""
        return self.layout.reads

    @property
    def needs(self) -> tuple[str, ...]:
        """Those of the names it reads whose value from before may matter to it."""
        return self.layout.needs

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Attributes that the cell's code, or a function of the notebook that it calls, names."""
        nodes = (node for part in self.layout.all_statements for node in ast.walk(part))
        own = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        called = helpers_of(self.reads, self.namespace)
        return frozenset(own.union(*(names_in(function.__code__) for function in called)))

    @cached_property
    def function(self) -> Callable[..., tuple[object, ...]]:
        """``function(*arguments)`` returns the last expression's value, then the outputs."""
        make = build.module_function_of if self.layout.as_module else build.function_of
        with build.compiling_again():
            return make(self.layout, self.namespace, self.source.filename, self.flags)

    def with_source(self) -> FunctionType:
        """The same function for tools that read its source, such as AutoGraph or TorchScript.

        Its text has the user's lines at the user's line numbers, one level further in.

        Raises:
            CellError: The cell needs the namespace while it runs, which source cannot say.
        """
        return function_with_source(self.source, self.layout, self.namespace, self.flags)

    def for_compiler(
        self, outputs: Collection[str], constants: Collection[str], namespace: dict[str, object]
    ) -> FunctionType:
        """The same function for a compiler that must know the type of every value.

        Args:
            outputs: Those outputs that have a value at the end; only these are returned.
            constants: Parameters that are read as globals instead. Callers pass them all the
                same, so that the arguments stay those of :attr:`function`.
            namespace: The globals of the function.

        Raises:
            CellError: The cell needs the notebook's namespace while it runs.
        """
        require_no_namespace(self.layout)
        layout = replace(
            self.layout,
            parameters=tuple(f"_{n}_unused" if n in constants else n for n in self.parameters),
            outputs=tuple(name for name in self.outputs if name in outputs),
            body=build.without_deletions(self.layout.body),
            unset=(),
            deleted=(),
        )
        with build.compiling_again():
            made = build.function_of(layout, namespace, self.source.filename, self.flags)
        made.__code__ = made.__code__.replace(co_name="cell", co_qualname="cell")
        return made

    def define(self) -> None:
        """Execute the definitions and imports that do not belong to the function."""
        for definition in self.layout.definitions:
            with build.compiling_again():
                code = build.module_code([definition], self.source.filename, self.flags)
            exec(code, self.namespace)

    def arguments(self) -> tuple[object, ...]:
        """The current values of the parameters.

        Raises:
            NameError: A name that existed when the cell was compiled is gone.
        """
        try:
            return tuple(self.namespace[name] for name in self.parameters)
        except KeyError as missing:
            raise NameError(f"name {missing} is not defined", name=missing.args[0]) from None

    def split(self, returned: tuple[object, ...]) -> tuple[dict[str, object], object]:
        """Outputs by name (those without a value left out), and the last expression's value."""
        last, *values = returned
        outputs = zip(self.outputs, values, strict=False)
        return {name: value for name, value in outputs if value is not MISSING}, last

    def commit(self) -> object:
        """Run the cell as a plain run would, its assignments in the namespace.

        Returns:
            The value of a last expression, else None.

        Raises:
            BaseException: Whatever the cell raises. What it had assigned by then stays.
        """
        before = dict(self.namespace)
        try:
            self.define()
            return self.commit_defined(before)
        finally:
            before.clear()  # an error keeps this frame, and would keep all values with it

    def commit_defined(self, before: Mapping[str, object]) -> object:
        """The same after :meth:`define`.

        Args:
            before: The namespace as it was before that, for what a failing cell does not define.
        """
        meant: BaseException
        try:
            returned = self.function(*self.arguments())
        except BaseException as error:
            meant = self._commit_partly(error, before)
            if meant is error:
                raise
        else:
            outputs, last = self.split(returned)
            self._write(outputs)
            return last
        # Outside the handler, so that the error does not name the other one as its context.
        raise meant

    def _write(self, outputs: Mapping[str, object]) -> None:
        self.namespace.update(outputs)
        for name in set(self.layout.unset) - outputs.keys():
            if name in self.parameters:
                self.namespace.pop(name, None)

    def _commit_partly(self, error: BaseException, before: Mapping[str, object]) -> BaseException:
        """Leave the namespace as a plain run that stopped at the same line does.

        Returns:
            The error that a plain run raises.
        """
        frame = self.frame_of(error)
        if frame is None:
            return error
        self._forget_definitions_after(_position(frame), before)
        if self.layout.as_module:
            return error
        names = frame.tb_frame.f_locals
        present = {name: names[name] for name in self.outputs if name in names}
        self._write({name: value for name, value in present.items() if value is not MISSING})
        return _as_name_error(error, frame)

    def frame_of(self, error: BaseException) -> TracebackType | None:
        """The part of an error's traceback that begins in this cell."""
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self.source.filename:
                return traceback
            traceback = traceback.tb_next
        return None

    def _forget_definitions_after(
        self, position: tuple[int, int], before: Mapping[str, object]
    ) -> None:
        places = ((node, (node.lineno, node.col_offset)) for node in self.layout.definitions)
        later = [node for node, place in places if place > position]
        texts = ["__doc__"] if any(isinstance(node, ast.Expr) for node in later) else []
        for name in [*analyse(later).writes, *texts]:
            if name in before:
                self.namespace[name] = before[name]
            else:
                self.namespace.pop(name, None)


def compile_cell(
    source: CellSource, namespace: dict[str, object], *, as_module: bool = False
) -> CellFunction:
    """Make a function of a cell.

    Args:
        source: The cell.
        namespace: The notebook's namespace: names that exist in it become parameters.
        as_module: Whether all names live in the namespace while the cell runs, as in a plain run.

    Raises:
        SyntaxError: At the user's line, as in a plain run.
        CellError: The cell awaits something at its top level.
    """
    # As exec() does: tools look for the built-ins in a function's globals.
    namespace.setdefault("__builtins__", builtins)
    tree, flags = build.parse(source)
    with build.compiling_again():
        _refuse_await(tree.body)
        layout = lay_out(tree.body, namespace, as_module=as_module)
    return CellFunction(source, namespace, layout, flags)


def _refuse_await(statements: list[ast.stmt]) -> None:
    line = _first_await(statements)
    if line is not None:
        raise CellError(
            f"Line {line} of the cell uses await, which a function that is not async cannot.",
            "Wrap it: async def main(): ... and call asyncio.run(main()) in a script.",
        )


def _first_await(statements: list[ast.stmt]) -> int | None:
    """Line of the first await outside a function, or None."""
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            return node.lineno
        if isinstance(node, ast.comprehension) and node.is_async:
            return node.target.lineno
        waiting.extend(_evaluated_at_once(node))
    return None


def _evaluated_at_once(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that run where it stands; of a function, all but its body."""
    if isinstance(node, ast.Lambda):
        return [node.args]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returns = [node.returns] if node.returns else []
        return [*node.decorator_list, node.args, *returns]
    return list(ast.iter_child_nodes(node))


def _position(frame: TracebackType) -> tuple[int, int]:
    """Line and column of the code that a traceback stands at."""
    positions = list(frame.tb_frame.f_code.co_positions())
    line, _, column, _ = positions[frame.tb_lasti // 2]
    return line or frame.tb_lineno, column or 0


def _as_name_error(error: BaseException, frame: TracebackType) -> BaseException:
    """Say of a name without a value what a plain run says: that it is not defined.

    Inside a function Python raises UnboundLocalError, a NameError with other words.
    """
    if type(error) is not UnboundLocalError or frame.tb_next is not None:
        return error
    name = _local_read_at(frame)
    if name is None:
        return error
    renamed = NameError(f"name '{name}' is not defined", name=name)
    renamed.__context__, renamed.__cause__ = error.__context__, error.__cause__
    renamed.__suppress_context__ = error.__suppress_context__
    return renamed.with_traceback(error.__traceback__)


def _local_read_at(frame: TracebackType) -> str | None:
    """The local variable that the instruction at a traceback's position uses, or None."""
    for instruction in dis.get_instructions(frame.tb_frame.f_code):
        if instruction.offset == frame.tb_lasti and "_FAST" in instruction.opname:
            names = instruction.argval
            return str(names if isinstance(names, str) else names[0])
    return None
