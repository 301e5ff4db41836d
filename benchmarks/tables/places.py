"""Which table stands where, and what made it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables import bench, gpus, graphmode, tensors, versions, watch

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Where a table comes from.

    Attributes:
        module: The benchmark that measures it.
        file: Its figures, in ``results/``.
        table: Makes Markdown of them.
        signed: Whether the file says what made it, for a line below the table.
        options: With which options it measures it.
    """

    module: str
    file: str
    table: Callable[[Document], str]
    signed: bool = True
    options: str = ""

    @property
    def path(self) -> Path:
        """The file of its figures, which may not be there yet."""
        return RESULTS / f"{self.file}.json"

    def text(self) -> str:
        """The table, and below it what made it, when and where."""
        document = json.loads(self.path.read_text(encoding="utf-8"))
        if not self.signed:
            return self.table(document)
        command = f"{self.module} {self.options}".strip()
        return f"{self.table(document)}\n\n{made_by(command, document)}"


SOURCES = {
    "the same training loop": Source("bench.frameworks", "frameworks", bench.frameworks),
    "self-test": Source("bench.selftest", "selftest", bench.self_test),
    "error rates": Source("bench.error_rates", "error_rates", bench.error_rates),
    "side by side": Source("bench.side_by_side", "side_by_side", bench.side_by_side),
    "harnesses": Source("bench.overhead", "overhead", bench.harnesses),
    "explanations": Source(
        "tensors.beside_tensor_sensor", "tensors_beside_tensor_sensor", tensors.explanations
    ),
    "watched steps": Source("tensors.watching", "tensors_watching", tensors.watched_steps),
    "explaining": Source("tensors.explaining", "tensors_explaining", tensors.explaining),
    "capturing": Source("graphmode.capture", "graphmode_capture", graphmode.capturing),
    "listing": Source("gpus.listing", "gpus_listing", gpus.listing),
    "hardware": Source("gpus.hardware", "gpus_hardware", gpus.hardware),
    "score": Source("gpus.diagnosis", "gpus_diagnosis", gpus.diagnosis),
    "picking": Source("gpus.picking", "gpus_picking", gpus.picking),
    "overhead": Source("watch.overhead", "watch_overhead", watch.overhead),
    "overhead on a GPU": Source(
        "watch.overhead", "watch_overhead_gpu", watch.overhead, options="--device cuda"
    ),
    "versions": Source("versions", "versions", versions.versions, signed=False),
}
"""By the name of the place."""


def made_by(module: str, document: Document) -> str:
    """The command, the day, the machine and the versions."""
    day = datetime.datetime.fromisoformat(document["created"])
    machine = document["machine"]
    system = " ".join(machine["platform"].split("-")[:2])
    cores = f"{machine['cores']} cores of " if "cores" in machine else ""
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    return (
        f"*Made by `python -m benchmarks.{module} --write` on {day.day} {day:%B %Y}; "
        f"{cores}{machine['processor']}, {system}; {versions}.*"
    )


def filled(text: str) -> str:
    """A page with the newest tables in its places; those without figures stay as they are."""
    for name, source in SOURCES.items():
        if f"<!-- {name} -->\n" in text and source.path.exists():
            text = with_text(text, name, source.text())
    return text


def with_text(page: str, name: str, text: str) -> str:
    """A page with a text in its place: between the comments ``<!-- NAME -->`` and ``<!-- end -->``.

    Raises:
        ValueError: The page has no such place.
    """
    before, begin, rest = page.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise ValueError(f"The page has no place called {name!r}.")
    return f"{before}{begin}{text.strip()}\n{end}{after}"


def pages() -> list[Path]:
    """All pages that may have places."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def renew_pages() -> Iterator[Path]:
    """Fill the places on all pages, and name the pages that this has changed."""
    for page in pages():
        before = page.read_text(encoding="utf-8")
        if (after := filled(before)) != before:
            page.write_text(after, encoding="utf-8")
            yield page.relative_to(ROOT)
