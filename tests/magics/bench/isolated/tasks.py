"""Tasks for fresh processes, without the benchmark that makes them."""

from __future__ import annotations

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.magics.bench.alternatives import divide
from dlmagic.magics.bench.choice import choose
from dlmagic.magics.bench.engine import _state_put_back, _subjects
from dlmagic.magics.bench.isolated.parcel import pack
from dlmagic.magics.bench.isolated.task import Parcel, Task
from dlmagic.magics.bench.request import Request, Surroundings


def parcel_of(text: str, namespace: dict[str, object]) -> Parcel:
    """What a cell reads, packed; the cell does not run."""
    request = Request(CellSource.from_text(text), namespace)
    surroundings = Surroundings(StreamOutput())
    alternatives = divide(request.source)
    with _state_put_back(alternatives, request, surroundings) as before:
        subjects = _subjects(alternatives, request, before, surroundings)
        return pack(choose(subjects, None), namespace)


def task_of(
    text: str,
    namespace: dict[str, object] | None = None,
    *,
    mode: str = "plain",
    seconds: float = 0.05,
    check: bool = True,
) -> Task:
    """A task that runs a cell."""
    names = {"__name__": "__main__", **(namespace or {})}
    return Task(
        name=mode,
        source=CellSource.from_text(text),
        mode=mode,
        seconds=seconds,
        seed=0,
        check=check,
        rtol=None,
        atol=None,
        parcel=parcel_of(text, names),
    )
