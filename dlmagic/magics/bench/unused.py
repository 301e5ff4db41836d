"""Values that a cell computes and nothing uses.

Eager modes compute them all the same; a compiler may leave them out, and would seem faster for
less work. What a cell assigns and what it ends with is an output of every mode, so that only
expressions elsewhere are in doubt, such as ``a @ b`` in a loop. Whether such an expression
gives an array is seen in one run after all timing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from dlmagic.cell.function import compile_cell
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.source import CellSource
from dlmagic.cell.subject import Subject
from dlmagic.finding import Finding, Fix

_NOTE = "_note_a_value_that_nothing_uses"
_ASSIGNING = ("assign", "apply_gradients")
"""How methods begin that change a variable of TensorFlow or Keras."""
_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def findings_about_unused_values(subject: Subject, output: Output) -> tuple[Finding, ...]:
    """One finding per line whose value is an array and goes nowhere; state is put back."""
    tree = ast.parse(subject.cell.source.python)
    if not list(_dropped(tree.body)):
        return ()
    seen: dict[int, object] = {}

    def note(line: int, value: object) -> None:
        if any(framework.as_array(value) is not None for framework in subject.frameworks):
            seen[line] = None

    _run_noting(subject, tree, note, output)
    return tuple(_finding(subject.cell.source, line) for line in sorted(seen))


def _run_noting(
    subject: Subject, tree: ast.Module, note: Callable[[int, object], None], output: Output
) -> None:
    """Run the cell once with every dropped value handed to ``note``."""
    for statement in list(_dropped(tree.body)):
        call = ast.Name(_NOTE, ast.Load())
        arguments = [ast.Constant(statement.lineno), statement.value]
        statement.value = ast.copy_location(ast.Call(call, arguments, []), statement.value)
    text = ast.unparse(ast.fix_missing_locations(tree))
    subject.snapshot.restore()
    try:
        with unheard(output):
            cell = compile_cell(CellSource.from_text(text), {**subject.cell.namespace, _NOTE: note})
            cell.define()
            cell.function(*cell.arguments())
    except Exception:
        # A cell that looks at its own text or frames may not run so; what was seen is true.
        return
    finally:
        subject.snapshot.restore()


def _dropped(body: list[ast.stmt], *, last_is_kept: bool = True) -> Iterator[ast.Expr]:
    """Expression statements outside functions, but for the one that a cell ends with."""
    kept = body[-1] if body and last_is_kept else None
    for statement in body:
        if isinstance(statement, ast.Expr):
            if statement is not kept and not _has_effect_alone(statement.value):
                yield statement
        elif not isinstance(statement, _OWN_NAMES):
            yield from _inside(statement)


def _has_effect_alone(expression: ast.expr) -> bool:
    """Whether it is written for what it changes, as ``x.relu_()``, or is a mere text.

    What such a call gives is what it has changed, so that no compiler may leave it out.
    """
    if not isinstance(expression, ast.Call):
        return isinstance(expression, ast.Constant)
    called = expression.func
    name = getattr(called, "attr", getattr(called, "id", ""))
    in_place = name.endswith("_") and not name.endswith("__")
    into = any(keyword.arg == "out" or _is_in_place(keyword) for keyword in expression.keywords)
    return in_place or into or name.startswith(_ASSIGNING)


def _is_in_place(keyword: ast.keyword) -> bool:
    """``inplace=True``."""
    value = keyword.value
    return keyword.arg == "inplace" and isinstance(value, ast.Constant) and value.value is True


def _inside(statement: ast.stmt) -> Iterator[ast.Expr]:
    for name in ("body", "orelse", "finalbody"):
        yield from _dropped(getattr(statement, name, []), last_is_kept=False)
    for part in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
        yield from _dropped(part.body, last_is_kept=False)


def _finding(source: CellSource, line: int) -> Finding:
    return Finding(
        kind="unused-value",
        level="hint",
        message="Nothing uses this value: a compiler may leave it out and seem faster than it is.",
        line=line,
        source=source.line(line).strip(),
        fix=Fix("Assign it to a name, or in a loop collect it in a list."),
    )
