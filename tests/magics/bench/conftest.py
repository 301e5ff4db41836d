from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult

Bench = Callable[..., BenchResult]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of a busy machine wait for each other; a step may take a hundred times longer."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def namespace() -> dict[str, object]:
    return {"__name__": "__main__"}


@pytest.fixture
def bench(namespace: dict[str, object]) -> Bench:
    """Benchmarks a cell's text in ``namespace``; short, since tests are not about precision."""

    def run(text: str, **options: object) -> BenchResult:
        options = {"seconds": 0.1, **options}
        request = Request(CellSource.from_text(text), namespace, **options)  # type: ignore[arg-type]
        return bench_cell(request, Surroundings(StreamOutput()))

    return run
