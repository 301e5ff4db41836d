"""How long an explanation takes: of each cell of the catalogue's tests, which all fail.

It is timed the second time, as the first one loads the rules.
Ends with an error where a limit is missed.
Run: ``python -m benchmarks.tensors.explaining [--write]``; takes a minute.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

from benchmarks.recording import record
from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain.explained import Case, name_of_cell, raised

CASES = "tests.magics.tensors.explain.test_"
FRAMEWORKS = {
    "PyTorch": ("shapes", "layers", "losses", "gradients", "types_and_devices", "objects"),
    "NumPy": ("numpy",),
    "JAX": ("jax",),
    "TensorFlow and Keras": ("tensorflow", "keras"),
}
LIMIT = 0.3
"""Seconds of 95 % of the explanations."""
PACKAGES = ("torch", "jax", "tensorflow-cpu", "keras", "numpy")


@dataclass(frozen=True)
class Row:
    """One framework.

    Attributes:
        framework: Which.
        cells: That failed.
        median: Seconds of an explanation.
        most: Seconds of 95 % of them.
    """

    framework: str
    cells: int
    median: float
    most: float


def measured(framework: str, modules: Sequence[str]) -> Row:
    """Time every cell of some modules of the tests."""
    found = [importlib.import_module(f"{CASES}{name}").CASES for name in modules]
    times = [seconds_of(case) for cases in found for case in cases]
    most = statistics.quantiles(times, n=20)[-1]
    return Row(framework, len(times), statistics.median(times), most)


def seconds_of(case: Case) -> float:
    """What the second explanation of a cell's error takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the cells themselves warn of
        error, _ = raised(case)
    explain(error, name_of_cell)
    start = perf_counter()
    explain(error, name_of_cell)
    return perf_counter() - start


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow logs each of the errors
    rows = [measured(*each) for each in FRAMEWORKS.items()]
    for row in rows:
        times = f"{row.median * 1e3:.1f} ms median, {row.most * 1e3:.1f} ms for 95 %"
        print(f"{row.framework:20} {row.cells:4} errors explained: {times}")
    if options.write:
        record("tensors_explaining", PACKAGES, {"rows": [asdict(row) for row in rows]})
    slow = [row.framework for row in rows if row.most > LIMIT]
    if slow:
        sys.exit(f"More than {LIMIT} s for 95 % of the explanations: {', '.join(slow)}")


if __name__ == "__main__":
    main()
