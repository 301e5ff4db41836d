"""How a self-test looks: the two rates in a sentence, then by kind of work."""

from __future__ import annotations

from dlmagic.display.findings import notice
from dlmagic.display.parts import Column, Document, Part, Span, Table, sentence
from dlmagic.display.units import plural, seconds
from dlmagic.magics.bench.selftest_result import Rate, SelfTest, WorkloadRates

_COLUMNS = (
    Column("work"),
    Column("time of one", numeric=True),
    Column("noise", numeric=True),
    Column("rounds", numeric=True),
    Column("equal, called different", numeric=True),
    Column("planted, found", numeric=True),
)


def document(result: SelfTest) -> Document:
    """Everything that a self-test has to say, the answer first."""
    equal, found = result.called_different, result.found
    planted = f"{result.planted:.0%}"
    parts: list[Part] = []
    if result.partial:
        cut = "Partial result"
        parts.append(sentence(Span(cut, "bad"), ": stopped before its time.", role="alert"))
    parts += [
        sentence(
            Span(f"{_of(equal)} pairs of equal code were called different", "strong"),
            f" ({_percent(equal)}); ",
            Span(f"a planted {planted} was found in {_of(found)}", "strong"),
            f" ({_percent(found)}).",
            role="answer",
        ),
        _table(result, planted),
        *(notice(finding) for finding in result.findings),
        sentence(
            "Noise is the standard deviation of the ratio of two equal turns in one round; up to "
            f"10 %, 50 rounds find {planted} in nine of ten cases.",
            role="note",
        ),
        sentence(
            f"{plural(equal.trials + found.trials, 'trial')} in "
            f"{seconds(result.seconds, digits=2)}{_where(result)}",
            role="note",
        ),
    ]
    return Document(tuple(parts))


def _table(result: SelfTest, planted: str) -> Table:
    caption = f"Pairs of equal code, and pairs of which one takes {planted} longer"
    return Table(caption, _COLUMNS, tuple(map(_row, result.workloads)))


def _row(rates: WorkloadRates) -> tuple[Span, ...]:
    return (
        Span(rates.name, "strong"),
        Span(seconds(rates.seconds, digits=2)),
        Span(f"{rates.noise:.1%}"),
        Span(str(rates.rounds)),
        Span(_of(rates.called_different)),
        Span(_of(rates.found)),
    )


def _of(rate: Rate) -> str:
    return f"{rate.count} of {rate.trials}"


def _percent(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.rate:.0%}; 95 % interval {low:.0%} to {high:.0%}"


def _where(result: SelfTest) -> str:
    if result.environment is None:
        return ""
    where = result.environment
    return f"; Python {where.python}; {plural(where.cores, 'core')} of {where.processor}"
