"""Who may know whom: the rules that keep a room changeable without reading the others.

Only direct imports count, wherever in a file they stand, and also those that only a
type checker sees.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

import dlmagic

PACKAGE = Path(dlmagic.__file__).parent
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "numba", "sklearn"}
HEAVY = FRAMEWORKS | {"scipy", "rich", "htpy", "pandas", "matplotlib", "psutil", "anywidget"}
VALUES = {"codec", "result", "finding", "environment", "errors"}


@dataclass(frozen=True)
class Import:
    """One import of one module: where it stands and what it names."""

    file: PurePosixPath
    line: int
    module: str
    runs_at_import: bool
    for_types_only: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(file: PurePosixPath, source: str) -> Iterator[Import]:
    """Every module that a file names in an import."""
    yield from _imports_below(file, ast.parse(source), runs=True, types=False)


def _imports_below(file: PurePosixPath, node: ast.AST, runs: bool, types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            for module in _named(child):
                yield Import(file, child.lineno, module, runs and not types, types)
        inner = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        only_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        yield from _imports_below(file, child, runs and not inner, types or only_types)


def _named(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    # `from dlmagic.magics import bench` names the module dlmagic.magics.bench, perhaps.
    prefix = "." * node.level + (node.module or "")
    return [prefix, *(f"{prefix}.{alias.name}" for alias in node.names)]


@dataclass(frozen=True)
class Place:
    """Where a file stands in the house."""

    file: PurePosixPath

    @property
    def floor(self) -> str:
        """The first folder, or the file itself where it lies in none."""
        return self.file.parts[0]

    @property
    def room(self) -> str:
        """The room, or an empty string on the ground floor."""
        return self.file.parts[1] if self.floor == "magics" and len(self.file.parts) > 2 else ""

    @property
    def speaks_ipython(self) -> bool:
        return self.floor == "shell" or bool(self.room and self.file.name == "magic.py")

    @property
    def is_front_door(self) -> bool:
        return self.file == PurePosixPath("__init__.py")


def inside(found: Import) -> list[str]:
    """The parts of a module's name below dlmagic; empty for another package."""
    return found.module.split(".")[1:] if found.top == "dlmagic" else []


def enters_another_room(place: Place, found: Import) -> bool:
    """Rooms never import each other, and the ground floor knows none of them."""
    if inside(found)[:1] != ["magics"] or place.is_front_door:
        return False
    return inside(found)[1:2] != [place.room] if len(inside(found)) > 1 else not place.room


def uses_ipython(place: Place, found: Import) -> bool:
    """IPython is for the shell, for display and for each room's magic.py."""
    if found.top not in ("IPython", "traitlets", "ipykernel"):
        return False
    typed_only = place.is_front_door and found.for_types_only
    return not (place.speaks_ipython or place.floor == "display" or typed_only)


def uses_the_shell(place: Place, found: Import) -> bool:
    """The shell is for each room's magic.py."""
    return inside(found)[:1] == ["shell"] and not (place.speaks_ipython or place.is_front_door)


def uses_a_framework(place: Place, found: Import) -> bool:
    """A framework is for frameworks/ and for a room's file or folder named after it."""
    if found.top not in FRAMEWORKS or place.floor == "frameworks":
        return False
    named_after_it = place.file.stem.startswith(found.top) or found.top in place.file.parent.parts
    return not (place.room and named_after_it)


def uses_a_driver(place: Place, found: Import) -> bool:
    """NVML is for devices/, ipyparallel for cluster/."""
    home = {"pynvml": "devices", "ipyparallel": "cluster"}.get(found.top)
    return home is not None and place.floor != home


def burdens_a_result(place: Place, found: Import) -> bool:
    """A result opens with the standard library and NumPy."""
    if place.file.name != "codec.py" and not place.file.name.endswith("result.py"):
        return False
    if inside(found):
        names = inside(found)
        known = names[0] in VALUES or any(map(holds_results, names)) or is_a_reading(names)
        return not known
    return found.top in HEAVY | {"IPython", "traitlets"}


def is_a_reading(names: list[str]) -> bool:
    """Whether it is a value of devices, or a module with some that is cheap to import."""
    file = file_of(names) if names[0] == "devices" else None
    if file is None or not opens_anywhere(file):
        return False
    return file == PurePosixPath(*names).with_suffix(".py") or names[-1] in values_in(file)


def opens_anywhere(file: PurePosixPath) -> bool:
    """Whether a module needs the standard library alone when it is imported."""
    needed = [each for each in imports_in(file) if each.runs_at_import and each.top != "dlmagic"]
    own = [inside(each) for each in imports_in(file) if each.runs_at_import and inside(each)]
    files = {found for names in own if (found := file_of(names)) is not None}
    known = all(each.top in sys.stdlib_module_names for each in needed)
    return known and all(map(opens_anywhere, files))


@cache
def values_in(file: PurePosixPath) -> frozenset[str]:
    """Names of a module's frozen dataclasses and constants."""
    found: set[str] = set()
    for node in ast.parse((PACKAGE / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            found |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.ClassDef):
            decorated = map(ast.unparse, node.decorator_list)
            found |= {node.name for each in decorated if "dataclass(frozen=True" in each}
    return frozenset(found)


def holds_results(module: str) -> bool:
    """Whether a module's name is that of one with frozen values, such as baseline_result."""
    return module == "result" or module.endswith("_result")


def looks_behind_a_result(place: Place, found: Import) -> bool:
    """A view sees results and display, never engines."""
    return place.file.name == "view.py" and not shows_only(found)


def shows_only(found: Import) -> bool:
    """Whether an import stays among results, display and files that do the same."""
    names = inside(found)
    if not names or names[0] in VALUES | {"display"}:
        return True
    if names[0] == "devices":
        return is_a_reading(names)
    if names[0] != "magics":
        return False
    return any(map(holds_results, [names[-1], *names[2:3]])) or helps_a_view(names)


def helps_a_view(names: list[str]) -> bool:
    """Whether a room's module knows something to show, and nothing that a view may not know."""
    file = file_of(names)
    if file is None:
        return len(names) < 3  # the room itself
    known = [each for each in imports_in(file) if inside(each) and not each.for_types_only]
    return bool(known) and all(shows_only(each) for each in known)


def file_of(names: list[str]) -> PurePosixPath | None:
    """The file of a module, or of the module that a name stands in; None for a folder."""
    files = (PurePosixPath(*part).with_suffix(".py") for part in (names, names[:-1]) if part)
    return next((file for file in files if (PACKAGE / file).exists()), None)


def is_relative(place: Place, found: Import) -> bool:
    """Imports are absolute."""
    return found.module.startswith(".")


RULES = (
    enters_another_room,
    uses_ipython,
    uses_the_shell,
    uses_a_framework,
    uses_a_driver,
    burdens_a_result,
    looks_behind_a_result,
    is_relative,
)


def broken_rules(found: Import) -> list[str]:
    """What the rules that one import breaks say."""
    place = Place(found.file)
    return [str(rule.__doc__) for rule in RULES if rule(place, found)]


@cache
def imports_in(file: PurePosixPath) -> tuple[Import, ...]:
    """Every import in one file of the package."""
    return tuple(imports_of(file, (PACKAGE / file).read_text(encoding="utf-8")))


def all_imports() -> list[Import]:
    files = [PurePosixPath(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))]
    return [found for file in files for found in imports_in(file)]


def test_everybody_knows_only_whom_they_may() -> None:
    broken = [f"{found}: {rule}" for found in all_imports() for rule in broken_rules(found)]
    assert not broken, "\n".join(broken)


def test_what_loading_imports_names_nothing_heavy_at_module_level() -> None:
    loaded = ("shell", "__init__.py", "errors.py", "finding.py", "environment.py")
    heavy = [
        str(found)
        for found in all_imports()
        if (found.file.parts[0] in loaded or found.file.name == "magic.py")
        and found.runs_at_import
        and found.top in HEAVY
    ]
    assert not heavy, "\n".join(heavy)


def test_no_framework_is_imported_outside_its_own_files_at_module_level() -> None:
    shared = [
        str(found)
        for found in all_imports()
        if found.file.parts[0] == "frameworks"
        and found.top in FRAMEWORKS
        and found.top not in found.file.parts
        and found.runs_at_import
    ]
    assert not shared, "\n".join(shared)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("magics/gpus/engine.py", "from dlmagic.magics.bench import result"),
        ("magics/gpus/engine.py", "def late():\n    import dlmagic.magics.bench.engine"),
        ("cell/function.py", "from dlmagic.magics.bench.result import Arm"),
        ("cell/function.py", "from IPython import get_ipython"),
        ("cell/snapshot.py", "import torch.nn as nn"),
        ("magics/bench/engine.py", "import traitlets"),
        ("magics/bench/engine.py", "def late():\n    from torch import compile"),
        ("magics/bench/engine.py", "from dlmagic.shell.options import parse"),
        ("magics/bench/result.py", "import pandas"),
        ("magics/bench/result.py", "from dlmagic.display.parts import Table"),
        ("magics/bench/baseline_result.py", "from dlmagic.magics.bench.inputs import same"),
        ("magics/gpus/result.py", "from dlmagic.devices.binding import Binding"),
        ("magics/gpus/result.py", "from dlmagic.devices.machine.host import read_host"),
        ("magics/gpus/result.py", "from dlmagic.devices.gpus.reader import GpuReader"),
        ("magics/gpus/view.py", "from dlmagic.devices.gpus.reader import GpuReader"),
        ("magics/bench/view.py", "from dlmagic.magics.bench.engine import bench"),
        ("magics/bench/view.py", "from dlmagic.cell.function import CellFunction"),
        ("frameworks/torch/adapter.py", "import pynvml"),
        ("frameworks/torch/adapter.py", "from dlmagic.magics.bench.engine import bench"),
        ("magics/bench/engine.py", "import ipyparallel as ipp"),
        ("cell/function.py", "from .source import CellSource"),
        ("cell/function.py", "if TYPE_CHECKING:\n    import torch"),
    ],
)
def test_a_planted_violation_is_found(file: str, source: str) -> None:
    found = list(imports_of(PurePosixPath(file), source))
    assert [rule for each in found for rule in broken_rules(each)]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("magics/bench/magic.py", "from IPython.core.magic import Magics"),
        ("magics/bench/engine.py", "from dlmagic.magics.bench.measure import measure"),
        ("magics/watch/torch.py", "import torch"),
        ("magics/watch/torch/engine.py", "import torch"),
        ("magics/bench/result.py", "import numpy as np\nfrom dlmagic.result import Result"),
        ("magics/bench/view.py", "from dlmagic.magics.bench.result import BenchResult"),
        ("magics/bench/view.py", "from dlmagic.display import parts"),
        ("magics/bench/result.py", "from dlmagic.magics.bench.baseline_result import Baseline"),
        ("frameworks/torch/state.py", "import torch"),
        ("devices/nvml.py", "import pynvml"),
        ("magics/gpus/result.py", "from dlmagic.devices.gpus.gpu import Gpu"),
        ("magics/gpus/result.py", "from dlmagic.devices.machine.host import Host"),
        ("magics/gpus/view.py", "from dlmagic.devices.reading import Reason"),
        ("display/progress.py", "from IPython.display import display"),
    ],
)
def test_what_is_allowed_is_not_found(file: str, source: str) -> None:
    found = list(imports_of(PurePosixPath(file), source))
    assert not [rule for each in found for rule in broken_rules(each)]
