"""``%gpus check`` beside ``torch.utils.collect_env``, in the broken environments of the tests.

Rule, the same for all: a report names the cause if for each group of key words of the environment
one stands in it, whatever their case. Of a rival all that it prints counts, facts, warnings and
errors; of dlmagic only the first cause, not the table of all that was read.
``collect_env`` gets an ``nvidia-smi`` that talks to the same made-up driver.
Run: ``python -m benchmarks.gpus.diagnosis [--write]``; takes ten minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.recording import record
from dlmagic.magics.gpus.check import reading
from dlmagic.magics.gpus.check.engine import check
from tests.devices.double.building import Libraries
from tests.magics.gpus.check.environments import ENVIRONMENTS, Broken
from tests.magics.gpus.check.world import World

_SMI = Path(__file__).parents[1] / "peers" / "nvidia_smi.py"
_COLLECT = "torch/utils/collect_env.py"
_PATIENCE = 120.0
_FINE = "Is CUDA available: True"


@dataclass(frozen=True)
class Said:
    """What one program made of one environment.

    Attributes:
        cause: Whether it names the cause.
        command: Whether it gives a command that mends it; None for programs that give none.
        fine: Whether it says that CUDA is there, where it is not to be used.
        seconds: How long it took.
    """

    cause: bool
    command: bool | None
    fine: bool
    seconds: float


@dataclass(frozen=True)
class Row:
    """One program over all environments."""

    program: str
    environments: int
    cause: int
    command: int
    fine: int
    seconds: float  # of the median environment


def by_dlmagic(case: Broken, world: World) -> Said:
    """The first cause, with what mends it."""
    found = check(case.framework, situation=world.situation())
    causes = found[case.framework].causes
    text = ""
    if causes:
        first = causes[0]
        text = " ".join([first.message, *first.read, first.remedy, first.command])
    right = bool(causes) and causes[0].kind == case.kind and names_it(case, text)
    return Said(right, bool(causes) and bool(causes[0].command), found.fine, found.seconds)


def by_collect_env(case: Broken, world: World) -> Said:
    """All that it prints."""
    script = next(path for path in map(Path, sys.path) if (path / _COLLECT).exists()) / _COLLECT
    return said_by(case, world, [sys.executable, "-P", str(script)])


def by_smi(case: Broken, world: World) -> Said:
    """All that it prints; of frameworks it knows nothing."""
    return said_by(case, world, ["nvidia-smi"])


def said_by(case: Broken, world: World, command: list[str]) -> Said:
    """All that a program prints in an environment."""
    begun = time.monotonic()
    environ = {**world.environ, "PYTHONPATH": ":".join(world.situation().path)}
    environ["PATH"] = f"{smi_of(world)}:{environ['PATH']}"
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, env=environ, timeout=_PATIENCE, check=False
        )
        text = ended.stdout + ended.stderr
    except (subprocess.TimeoutExpired, FileNotFoundError) as problem:
        text = str(problem)
    return Said(names_it(case, text), None, _FINE in text, time.monotonic() - begun)


def smi_of(world: World) -> Path:
    """A folder with ``nvidia-smi``, where the driver is installed."""
    folder = world.folder / "bin"
    folder.mkdir(exist_ok=True)
    if (world.lib / "libnvidia-ml.so.1").exists():
        path = ":".join(world.situation().path)
        start = f'#!/bin/sh\nPYTHONPATH="{path}" exec {sys.executable} -P {_SMI} "$@"\n'
        (folder / "nvidia-smi").write_text(start)
        (folder / "nvidia-smi").chmod(0o755)
    return folder


def names_it(case: Broken, text: str) -> bool:
    """Whether the key words are all there."""
    said = text.lower()
    return all(any(word.lower() in said for word in group) for group in case.words)


PROGRAMS: dict[str, Callable[[Broken, World], Said]] = {
    "%gpus check": by_dlmagic,
    "torch.utils.collect_env": by_collect_env,
    "nvidia-smi": by_smi,
}


def environments(folder: Path) -> Iterator[tuple[Broken, World]]:
    """Each made when its turn comes."""
    libraries = Libraries(folder / "libraries")
    for place, case in enumerate(ENVIRONMENTS):
        home = folder / str(place)
        home.mkdir()
        world = World(home, libraries, case.boards, case.generation)
        case.breaks(world)
        yield case, world
        world.close()


def main() -> None:
    """Compare, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    reading.PATIENCE = 3.0  # one environment hangs
    said: dict[str, list[Said]] = {name: [] for name in PROGRAMS}
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for case, world in environments(Path(folder)):
            for name, look in PROGRAMS.items():
                said[name].append(look(case, world))
            named = {name: each[-1].cause for name, each in said.items()}
            cases.append({"environment": case.title, "cause": case.kind, "named_by": named})
            marks = "  ".join("yes" if right else "no " for right in named.values())
            print(f"{case.title:55} {marks}", flush=True)
    rows = [row_of(name, each) for name, each in said.items()]
    for row in rows:
        print(
            f"{row.program:26}{row.environments} environments: the cause {row.cause}, a command "
            f"{row.command}, calls it fine {row.fine}; {row.seconds:.1f} s each"
        )
    if options.write:
        figures = {"rows": [asdict(row) for row in rows], "environments": cases}
        record("gpus_diagnosis", ("torch", "nvidia-ml-py"), figures)


def row_of(name: str, said: list[Said]) -> Row:
    """The sums."""
    return Row(
        name,
        len(said),
        sum(each.cause for each in said),
        sum(bool(each.command) for each in said),
        sum(each.fine for each in said),
        round(sorted(each.seconds for each in said)[len(said) // 2], 2),
    )


if __name__ == "__main__":
    main()
