"""Sweeps of real computations in every framework; its cheap modes, since speed is not the point."""

from __future__ import annotations

import pytest

from dlmagic.magics.bench.sweep.result import Sweep
from dlmagic.magics.bench.sweep.values import read_sweep


@pytest.fixture
def swept(bench, namespace):
    """Sweeps a cell in which ``fw`` is the framework; every arm must have run and agree."""

    def run(framework: str, text: str, sweep: str, **options: object) -> Sweep:
        namespace["fw"] = pytest.importorskip(framework)
        result = bench(text, sweep=read_sweep(sweep), **{"seconds": 1, **options})
        arms = [arm for point in result.sweep.points for arm in point.arms]
        assert all(point.status == "ok" for point in result.sweep.points), result
        assert all(arm.measured and (arm.agrees or arm.name == result.reference) for arm in arms)
        assert len(arms) == len(result.sweep.points) * len(result.sweep.arms)
        return result.sweep

    return run


@pytest.mark.alone
def test_a_product_of_matrices_grows_as_it_must(swept) -> None:
    text = "a = fw.random.default_rng(0).random((n, n))\n# --- product\na @ a"
    threads = pytest.importorskip("threadpoolctl")
    with threads.threadpool_limits(1):  # of two, one waits for the other on a busy machine
        [growth] = swept("numpy", text, "n=128,256,384,512", seconds=2).growth
    assert 2 < growth.exponent < 3.5


def test_pytorch(swept, namespace) -> None:
    namespace["model"] = pytest.importorskip("torch").nn.Linear(8, 8)
    text = "x = fw.ones(n, 8)\n# --- step\nmodel(x).square().sum().backward()\nmodel.weight.grad"
    sweep = swept("torch", text, "n=4,1024", modes=("eager", "trace"))
    assert sweep.arms == ("step/eager", "step/trace")
    assert sweep[1024]["step/trace"].compile_seconds is not None


def test_pytorch_compiled(swept, namespace) -> None:
    """Each value has a graph of its own, compiled before its times are taken."""
    pytest.importorskip("torch")
    text = (
        "x = fw.ones(n, 8)\n"
        "compiled = fw.compile(fw.nn.functional.gelu, backend='aot_eager')\n"
        "# --- eager\nfw.nn.functional.gelu(x)\n# --- aot_eager\ncompiled(x)"
    )
    sweep = swept("torch", text, "n=4,4096")
    assert sweep.arms == ("eager", "aot_eager")
    found = {each.kind for point in sweep.points for arm in point.arms for each in arm.findings}
    assert not found & {"recompile", "graph-break", "eager-fallback"}


@pytest.mark.alone
def test_jax(swept) -> None:
    text = (
        "x = fw.numpy.ones((n, n))\n# --- powers\ny = x\nfor _ in range(8):\n    y = y @ x / n\ny"
    )
    sweep = swept("jax", text, "n=8,256", modes=("eager", "jit"))
    small, large = (point["powers/jit"] for point in sweep.points)
    assert small.verdict == "faster"
    assert min(small.compile_seconds, large.compile_seconds) > 0
    assert large.median > small.median


def test_tensorflow(swept) -> None:
    text = "x = fw.ones((n, 4))\n# --- sums\nfw.reduce_sum(x * x + x)"
    assert swept("tensorflow", text, "n=4,64", modes=("eager", "graph")).name == "n"


@pytest.mark.alone
def test_numba(swept, namespace) -> None:
    pytest.importorskip("numba")
    text = "total = 0.0\nfor k in range(n):\n    total += k * 0.5\ntotal"
    sweep = swept("numpy", text, "n=10,1000", modes=("python", "njit"))
    assert sweep[1000]["njit"].verdict == "faster"
    assert sweep[10]["njit"].compile_seconds > 0


def test_plain_python_over_numbers_that_are_not_whole(swept) -> None:
    sweep = swept("math", "fw.exp(-rate)", "rate=0.5,1,2.5", modes=("python", "plain"))
    assert [point.value for point in sweep.points] == [0.5, 1, 2.5]
