"""Explanations beside those of TensorSensor, the package that names operands in error messages.

Both see every cell of the catalogue's tests, which all fail: how often each says something at all,
names the offending operand, names the line to edit, and gives a line that makes the cell run.
Needs TensorSensor: ``pip install tensor-sensor`` (1.0 is the newest).
Run: ``python -m benchmarks.tensors.beside_tensor_sensor [--write]``; takes two minutes.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any

from benchmarks.recording import record
from benchmarks.tensors.explaining import CASES, FRAMEWORKS, PACKAGES
from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain import explained
from tests.magics.tensors.explain.explained import Case, name_of_cell, raised, run_mended

DLMAGIC, RIVAL = "dlmagic", "TensorSensor"


@dataclass(frozen=True)
class Said:
    """What one package says of one error.

    Attributes:
        something: Whether it says anything.
        operand: Whether that has the name of the operand.
        line: Whether it names the line to edit, and its cell.
        mended: Whether it gives a line with which the cell runs.
    """

    something: bool = False
    operand: bool = False
    line: bool = False
    mended: bool = False


@dataclass(frozen=True)
class Row:
    """One package in one framework; counts of cells.

    Attributes:
        framework: Which.
        package: Which.
        cells: That failed.
        something: Of which it says something.
        operand: Of which it names the operand.
        line: Of which it names the line to edit.
        mended: Of which it gives a line that makes them run.
    """

    framework: str
    package: str
    cells: int
    something: int
    operand: int
    line: int
    mended: int


def by_dlmagic(case: Case) -> Said:
    """What an explanation says."""
    found = explain(raised(case)[0], name_of_cell)
    if found is None:
        return Said()
    finding = found.finding
    place = (finding.cell or explained.CELL, finding.line) == (case.cell, case.line)
    mended = False
    if finding.fix is not None and finding.fix.code is not None:
        with suppress(Exception):
            run_mended(case, found)
            mended = True
    return Said(something=True, operand=case.operand in finding.message, line=place, mended=mended)


def by_rival(case: Case) -> Said:
    """What TensorSensor adds to the error's message; it has neither lines to edit nor fixes."""
    plain = str(raised(case)[0])
    rival: Any = importlib.import_module("tsensor")
    try:
        with redirect_stdout(StringIO()), rival.clarify(show=None):
            explained.run_cells(case)
    except Exception as error:
        added = str(error).replace(plain, "", 1)
        return Said(something="Cause:" in added, operand=bool(added) and case.operand in added)
    return Said()


def rows() -> Iterator[Row]:
    """Both packages in each framework."""
    for framework, modules in FRAMEWORKS.items():
        cases = list(_cases(modules))
        for package, look in ((DLMAGIC, by_dlmagic), (RIVAL, by_rival)):
            said = [look(each) for each in cases]
            yield Row(
                framework,
                package,
                len(cases),
                something=sum(each.something for each in said),
                operand=sum(each.operand for each in said),
                line=sum(each.line for each in said),
                mended=sum(each.mended for each in said),
            )


def _cases(modules: Sequence[str]) -> Iterator[Case]:
    """Those of which something can be said, and whose operand has a name."""
    for name in modules:
        for case in importlib.import_module(f"{CASES}{name}").CASES:
            if case.kind is not None and case.operand:
                yield case


def main() -> None:
    """Compare, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    if importlib.util.find_spec("tsensor") is None:
        print("Nothing to compare with: pip install tensor-sensor", file=sys.stderr)
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow logs each of the errors
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the cells themselves warn of
        found = list(rows())
    for row in found:
        print(
            f"{row.framework:22}{row.package:14}{row.cells:4} cells: something {row.something}, "
            f"the operand {row.operand}, the line {row.line}, a line that runs {row.mended}"
        )
    if options.write:
        record(
            "tensors_beside_tensor_sensor",
            (*PACKAGES, "tensor-sensor"),
            {"rows": [asdict(row) for row in found]},
        )


if __name__ == "__main__":
    main()
