"""The hosts of a cluster, a row each, and why some have no GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.devices.reading import Reason
from dlmagic.display.parts import Column, Part, Span, Table, sentence, shorten
from dlmagic.display.units import listed, plural
from dlmagic.magics.gpus.gpu_tables import UNKNOWN, amount_of
from dlmagic.magics.gpus.machine_tables import cores
from dlmagic.magics.gpus.result import Machine

_MOST = 64
_LONGEST = 60
_HEADS = (
    Column("host"),
    Column("ranks"),
    Column("processor"),
    Column("cores"),
    Column("memory in use", numeric=True),
    Column("NVIDIA's driver"),
)


def machine_list(machines: Sequence[Machine]) -> Iterator[Part]:
    """All hosts, rank 0's first."""
    yield Table("Hosts of the cluster", _HEADS, tuple(map(_row, machines[:_MOST])))
    if len(machines) > _MOST:
        more = plural(len(machines) - _MOST, "host")
        yield sentence(f"And {more} more; report.machines has them all.", role="note")
    reasons: dict[str, list[str]] = {}
    for each in machines:
        if each.missing and len(machines) > 1:
            reasons.setdefault(each.missing, []).append(each.name)
    for why, names in reasons.items():
        yield sentence(f"{listed(names)}: {shorten(why, 200)}", role="note")


def _row(machine: Machine) -> tuple[Span, ...]:
    host = machine.host
    used = host.memory_total - host.memory_available
    driver = UNKNOWN if isinstance(machine.driver, Reason) else machine.driver
    return (
        Span(shorten(machine.name, _LONGEST)),
        Span(ranges(machine.ranks)),
        Span(shorten(host.processor, _LONGEST)),
        Span(shorten(cores(host), _LONGEST)),
        Span(amount_of(used, host.memory_total)),
        Span(driver),
    )


def ranges(ranks: Sequence[int]) -> str:
    """Numbers in order, neighbours together.

    >>> ranges([0, 1, 2, 5])
    '0-2, 5'
    """
    runs: list[list[int]] = []
    for rank in sorted(ranks):
        if runs and runs[-1][-1] == rank - 1:
            runs[-1].append(rank)
        else:
            runs.append([rank])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
