"""Other harnesses, each given a pair of functions and so many seconds for both.

Each says whether the second is faster, slower, or neither, by what it prints: where it has a
rule of its own, by that (pyperf's ``compare_to``), otherwise by Welch's t-test of the samples
that it shows, the test that its users would make.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from time import perf_counter, time

from scipy.stats import ttest_ind
from torch.utils.benchmark import Timer

from benchmarks.peers.drifting import DriftingWork
from dlmagic.magics.bench.comparisons import comparisons_of
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.repeated import Repeated

ROOT = Path(__file__).parents[2]
Harness = Callable[[float, float], str]
"""Takes the factor of the second function's work and the seconds for both; gives a verdict."""


def dlmagic(factor: float, seconds: float) -> str:
    """One measurement of ``%%dlbench``, second copy included."""
    first, second = _pair(factor, seconds)
    runners = [Repeated("first", first), Repeated("second", second)]
    seed = int(time() * 1e6) % 2**32
    measured = measure(runners, seconds=seconds, seed=seed, min_block=1e-3)
    return comparisons_of(measured)["second"].verdict


def percent_timeit(factor: float, seconds: float) -> str:
    """``%timeit``: seven repeats of one function, then of the other."""
    samples = []
    for function in _pair(factor, seconds):
        timer = timeit.Timer(function)
        number = _calls_for(timer.timeit, seconds / 2 / 8)
        samples.append([each / number for each in timer.repeat(7, number)])
    return _by_welch(*samples)


def torch_blocked(factor: float, seconds: float) -> str:
    """``Timer.blocked_autorange`` of PyTorch, one after the other."""
    return _by_torch(factor, seconds, "blocked_autorange")


def torch_adaptive(factor: float, seconds: float) -> str:
    """``Timer.adaptive_autorange`` of PyTorch, one after the other."""
    return _by_torch(factor, seconds, "adaptive_autorange")


def _by_torch(factor: float, seconds: float, method: str) -> str:
    samples = []
    for function in _pair(factor, seconds):
        timer = Timer("f()", globals={"f": function})
        if method == "blocked_autorange":
            measured = timer.blocked_autorange(min_run_time=seconds / 2)
        else:
            measured = timer.adaptive_autorange(
                threshold=0.001, min_run_time=seconds / 4, max_run_time=seconds / 2
            )
        samples.append(measured.times)
    return _by_welch(*samples)


def exec_per_call(factor: float, seconds: float) -> str:
    """A cell magic that executes the text of its cell in every call, as CuPy's does."""
    samples = []
    for function in _pair(factor, seconds):
        namespace, times = {"f": function}, []
        end = perf_counter() + seconds / 2
        while perf_counter() < end:
            start = perf_counter()
            exec("f()", namespace)
            times.append(perf_counter() - start)
        samples.append(times)
    return _by_welch(*samples)


def pyperf(factor: float, seconds: float) -> str:
    """``pyperf`` with its processes, and the verdict of its own ``compare_to``.

    It cannot be held to the time of the others: each process needs its start as well. It gets
    6 processes of 3 values for each function, which take longer than ``seconds``.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = []
        start = time()
        for name, each in (("first", 1.0), ("second", factor)):
            files.append(str(Path(folder) / f"{name}.json"))
            _pyperf_run(files[-1], start, 4 * seconds, each)
        words = _python("-m", "pyperf", "compare_to", "--min-speed", "0", *files)
    if "Not significant" in words:
        return "unclear"
    return "slower" if "slower" in words else "faster" if "faster" in words else "unclear"


def _pyperf_run(file: str, start: float, seconds: float, factor: float) -> None:
    setup = (
        "from benchmarks.peers.drifting import DriftingWork; "
        f"f = DriftingWork({start!r}, {seconds!r}, {factor!r})"
    )
    sizes = ("--processes", "6", "--values", "3", "--warmups", "1", "--min-time", "0.05")
    _python("-m", "pyperf", "timeit", *sizes, "--name", "f", "-o", file, "-s", setup, "f()")


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def _pair(factor: float, seconds: float) -> tuple[DriftingWork, DriftingWork]:
    start = time()
    return DriftingWork(start, seconds, 1.0), DriftingWork(start, seconds, factor)


def _calls_for(timed: Callable[[int], float], seconds: float) -> int:
    return max(1, round(seconds / (timed(5) / 5)))


def _by_welch(first: Sequence[float], second: Sequence[float]) -> str:
    if ttest_ind(first, second, equal_var=False).pvalue > 0.05:
        return "unclear"
    return "faster" if fmean(second) < fmean(first) else "slower"


HARNESSES: dict[str, Harness] = {
    "dlmagic": dlmagic,
    "%timeit": percent_timeit,
    "torch Timer, blocked": torch_blocked,
    "torch Timer, adaptive": torch_adaptive,
    "exec per call": exec_per_call,
    "pyperf": pyperf,
}


def collected(harness: Harness, factor: float, seconds: float) -> tuple[str, float]:
    """The verdict, and the seconds that it took."""
    gc.collect()
    start = perf_counter()
    return harness(factor, seconds), perf_counter() - start
