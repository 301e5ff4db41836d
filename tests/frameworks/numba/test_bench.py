"""Whole benchmarks of cells that numba compiles."""

from __future__ import annotations

import subprocess
import sys
import time

import numba
import numpy as np
import pytest

from dlmagic import bench
from dlmagic.cell.memory import Memory
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.snapshot import take_snapshot
from dlmagic.cell.source import CellSource
from dlmagic.cell.subject import prepare_subject
from dlmagic.frameworks.numba.adapter import NumbaFramework
from dlmagic.frameworks.registry import loaded_frameworks
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.clock import WallClock
from dlmagic.magics.bench.contestants import make_ready

X = np.random.default_rng(0).normal(size=1_000)


def run(text, modes=("python", "njit"), **names):
    namespace = {"__name__": "__main__", "np": np, **names}
    return bench(text, namespace=namespace, modes=list(modes) if modes else None, time=0.1)


def test_a_loop_is_faster_compiled_and_compiling_is_counted_apart():
    result = run("t = 0.0\nfor i in range(len(x)):\n    t += x[i] * x[i]\nt", x=X)
    njit = result["njit"]
    assert (njit.status, njit.agrees) == ("ok", True)
    assert njit.median < result["python"].median / 5
    assert njit.compile_seconds > 1000 * njit.median


def test_the_run_that_looks_at_the_outputs_is_no_compile_time():
    source = CellSource.from_text("y = nap(2.0)\nfor i in range(0):\n    z = i")
    namespace = {"__name__": "__main__", "nap": nap}
    memory = Memory()
    before = take_snapshot(namespace, ["nap"], frameworks=loaded_frameworks())
    subject = prepare_subject(None, source, namespace, before, memory)
    choice = Choice("njit", subject, "njit", NumbaFramework())
    contestant = make_ready(choice, StreamOutput(), WallClock(), keep=True)
    assert contestant.status == "ok", contestant.reason
    assert 0 < contestant.first_seconds < 2


def nap(seconds):
    """Sleeps as it is written, and does nothing where it is compiled."""
    time.sleep(seconds)
    return 1


@numba.extending.overload(nap)
def compiled_nap(seconds):
    return lambda seconds: 1


def test_a_cell_of_numba_is_timed_in_python_by_default():
    double = numba.njit(lambda v: v * 2)
    result = run("y = double(x)", modes=None, double=double, x=X)
    assert [arm.name for arm in result.arms] == ["python"]


def test_a_failure_leaves_the_other_mode_standing():
    result = run("y = 1\nz = x.tolist()", x=X)
    assert result["python"].status == "ok"
    njit = result["njit"]
    assert (njit.status, njit.line) == ("failed", 2)
    assert "tolist" in njit.reason
    assert "line 2" in str(result)


def test_state_that_cells_change_is_as_it_was_afterwards():
    numbers, array = numba.typed.List([1.0]), np.zeros(3)
    result = run("numbers.append(2.0)\narray += 1", numbers=numbers, array=array)
    assert result["njit"].agrees is True
    assert list(numbers) == [1.0]
    assert array.tolist() == [0, 0, 0]


def test_a_wrong_answer_is_told():
    result = run("y = n\nfor i in range(3):\n    y *= 1000003", n=10**9 + 7)
    assert result["njit"].agrees is False


def test_drawn_random_numbers_are_not_compared_unless_the_cell_seeds_them():
    drawn = run("y = np.random.rand(3)")["njit"]
    assert drawn.agrees is None
    assert "random" in drawn.agreement
    assert run("np.random.seed(3)\ny = np.random.rand(3)")["njit"].agrees is True


def test_random_numbers_of_compiled_code_repeat_from_run_to_run():
    draw = numba.njit(lambda n: np.random.rand(n))
    draw(1)
    assert run("y = draw(3)", modes=["python"], draw=draw)["python"].status == "ok"
    assert run("y = draw(3)", draw=draw)["njit"].agrees is True


SCRIPT = """
import sys
import numpy as np
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in BLOCKED:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Block())
from dlmagic import bench
OTHERS = {'torch', 'tensorflow', 'jax', 'keras'}
def go(modes):
    return bench('y = x + 1', namespace={'x': np.ones(3), '__name__': '__main__'}, modes=modes,
                 time=0.05)
"""


def script(code, blocked=()):
    text = f"BLOCKED = {set(blocked)!r}\n{SCRIPT}\n{code}"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_numba_is_imported_when_its_mode_is_named_and_not_before():
    script(
        "go(['python'])\nassert 'numba' not in sys.modules\n"
        "result = go(['python', 'njit'])\nassert result['njit'].agrees is True, result\n"
        "assert not OTHERS & sys.modules.keys()"
    )


def test_a_cell_of_numba_imports_no_other_framework():
    script(
        "import numba\nf = numba.njit(lambda v: v + 1)\n"
        "names = {'x': numba.typed.List([1.0]), 'f': f, '__name__': '__main__'}\n"
        "result = bench('y = f(x[0])', namespace=names, modes=['python', 'njit'], time=0.05)\n"
        "assert result['njit'].agrees is True, result\n"
        "assert not OTHERS & sys.modules.keys()"
    )


def test_a_missing_numba_gives_the_line_that_installs_it():
    said = script(
        "try:\n    go(['python', 'njit'])\nexcept ImportError as e:\n    print(e)", ["numba"]
    )
    assert "pip install numba" in said


@pytest.mark.parametrize("installed", [True, False])
def test_an_array_needs_no_numba(installed):
    script("go(None)\nassert 'numba' not in sys.modules", [] if installed else ["numba"])


def test_a_text_of_numpy_is_the_text_that_it_holds():
    result = run("n = 0\nfor word in words:\n    n += len(word)", words=np.array(["a", "bc"]))
    assert (result["njit"].status, result["njit"].agrees) == ("ok", True)


def test_a_list_of_several_types_is_answered_with_a_tuple():
    result = run("n = 0\nfor item in items:\n    n += 1", items=[1, "a", 2.0])
    assert result["njit"].reason.endswith("Use a tuple, or one list for each type.")
