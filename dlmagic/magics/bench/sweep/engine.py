"""A sweep from the cell to the result: one whole benchmark for every value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from dlmagic.cell.function import compile_cell
from dlmagic.cell.output import PrintsOnce
from dlmagic.errors import DLMagicError, StateError
from dlmagic.magics.bench.alternatives import Alternatives, divide
from dlmagic.magics.bench.choice import modes_of_cell
from dlmagic.magics.bench.contestants import in_one_line
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.sweep.effect import require_effect, require_fitting_type
from dlmagic.magics.bench.sweep.growth import analysed
from dlmagic.magics.bench.sweep.notes import findings_together, notes_together
from dlmagic.magics.bench.sweep.result import SweepPoint
from dlmagic.magics.bench.sweep.shares import share_of_each
from dlmagic.magics.bench.sweep.values import SweepValues

_HUGE = 1e300  # more is no number to draw a curve over

Bench = Callable[[Request, Surroundings], BenchResult]


@dataclass
class _Progress:
    """What has become of the values so far.

    Attributes:
        points: One per value whose turn has come.
        results: The benchmarks behind those that did not fail, with the value as written.
        error: What the first value raised, while no other has been timed.
        interrupted: Whether the user stopped it.
    """

    points: list[SweepPoint] = field(default_factory=list)
    results: list[tuple[str, BenchResult]] = field(default_factory=list)
    error: BaseException | None = None
    interrupted: bool = False


def sweep_cell(request: Request, surroundings: Surroundings, bench: Bench) -> BenchResult:
    """Time a cell once for every value of a name.

    Args:
        request: With a sweep.
        surroundings: Where it happens.
        bench: Times the cell for one value.

    Raises:
        SyntaxError: At the user's line.
        InputError: The cell, the sweep, a mode or an option cannot be used; nothing has run.
        BaseException: What the cell raises, where no value could be timed.
    """
    assert request.sweep is not None
    started = surroundings.clock.now()
    sweep, one = request.sweep, _for_one_value(request, request.sweep)
    output = PrintsOnce(surroundings.output)
    with _name_put_back(request.namespace, sweep.name):
        done = _all_values(sweep, one, replace(surroundings, output=output), output, bench)
    if done.error is not None:
        raise done.error
    return _result_of(sweep, done, surroundings.clock.now() - started)


def _for_one_value(request: Request, sweep: SweepValues) -> Request:
    """What is asked for with each value; refuses what cannot be done with any."""
    alternatives = divide(request.source)
    setup, *blocks = (
        None if part is None else compile_cell(part, request.namespace)
        for part in (alternatives.setup, *alternatives.blocks.values())
    )
    cells = [block for block in blocks if block is not None]
    require_effect(sweep.name, setup, cells)
    require_fitting_type(sweep, request.namespace)
    arms = sum(
        len(request.modes or modes_of_cell(cell, blocks=_named(alternatives))) for cell in cells
    )
    count = len(sweep.values)
    share = share_of_each(request.seconds, count, arms)
    return replace(request, sweep=None, seconds=share, sharing=count)


def _named(alternatives: Alternatives) -> bool:
    return None not in alternatives.blocks


@contextmanager
def _name_put_back(namespace: dict[str, object], name: str) -> Iterator[None]:
    """Leave a name as it was: bound to the same object, or not at all."""
    was_bound, before = name in namespace, namespace.get(name)
    try:
        yield
    finally:
        if was_bound:
            namespace[name] = before
        else:
            namespace.pop(name, None)


def _all_values(
    sweep: SweepValues,
    request: Request,
    surroundings: Surroundings,
    output: PrintsOnce,
    bench: Bench,
) -> _Progress:
    done = _Progress()
    for number, text in enumerate(sweep.texts):
        if done.interrupted:
            done.points.append(_missed(sweep, number))
            continue
        request.namespace[sweep.name] = sweep.values[number]
        where = f"{sweep.name} = {text} ({number + 1} of {len(sweep.texts)})"
        told = replace(surroundings, tell=_prefixed(where, surroundings.tell))
        try:
            _keep(done, sweep, number, bench(request, told))
        except KeyboardInterrupt:
            if not done.results:
                raise
            done.interrupted = True
            done.points.append(_missed(sweep, number))
        except BaseException as error:  # a cell may raise anything, SystemExit too
            _fail(done, sweep, number, error, request)
        output.mute()
    return done


def _prefixed(where: str, tell: Callable[[str], object]) -> Callable[[str], object]:
    return lambda line: tell(f"{where}: {line}")


def _keep(done: _Progress, sweep: SweepValues, number: int, result: BenchResult) -> None:
    done.error = None  # it holds what the failed run had in memory
    done.interrupted = result.partial
    done.results.append((sweep.texts[number], result))
    if result.partial and not result.rounds:
        done.points.append(_missed(sweep, number))
        return
    done.points.append(
        replace(
            _point(sweep, number),
            arms=result.arms,
            rounds=result.rounds,
            seconds=result.seconds,
            partial=result.partial,
        )
    )


def _fail(
    done: _Progress, sweep: SweepValues, number: int, error: BaseException, request: Request
) -> None:
    """Note why a value failed; a mistake in what was written is one for all values."""
    if isinstance(error, StateError) or (isinstance(error, DLMagicError) and number == 0):
        raise error
    if not done.results and done.error is None:
        done.error = error
    point = replace(
        _point(sweep, number),
        status="failed",
        reason=in_one_line(error),
        line=_line_of(error, request.source.filename),
    )
    done.points.append(point)


def _missed(sweep: SweepValues, number: int) -> SweepPoint:
    return replace(
        _point(sweep, number), status="skipped", reason="interrupted before it had a time"
    )


def _point(sweep: SweepValues, number: int) -> SweepPoint:
    value = sweep.values[number]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
        return SweepPoint(text=sweep.texts[number], number=None)
    return SweepPoint(text=sweep.texts[number], number=value)


def _line_of(error: BaseException, filename: str) -> int | None:
    """The line of the cell from which an error came."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            return traceback.tb_lineno
        traceback = traceback.tb_next
    return None


def _result_of(sweep: SweepValues, done: _Progress, seconds: float) -> BenchResult:
    """The last benchmark that has times, with all points beside it."""
    results = [result for _, result in done.results]
    timed = [result for result in results if any(arm.measured for arm in result.arms)]
    last = (timed or results)[-1]
    return replace(
        last,
        sweep=analysed(sweep.name, done.points, last.reference),
        partial=done.interrupted,
        seconds=seconds,
        notes=notes_together(sweep.name, [(text, one.notes) for text, one in done.results]),
        findings=findings_together(f for result in results for f in result.findings),
    )
