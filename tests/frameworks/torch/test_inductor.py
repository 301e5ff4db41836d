"""The one place in these tests where Inductor really compiles, with a C++ compiler."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.adapter import TorchFramework
from tests.magics.bench.compiled import run_modes


@pytest.fixture(scope="module", autouse=True)
def in_this_process():
    """Inductor's pool of compiling processes would outlive the tests."""
    with torch._inductor.config.patch(compile_threads=1):
        yield


def test_a_training_step_compiled_by_inductor_gives_the_same_and_is_undone(bench):
    if compat.cpp_compiler_missing():
        pytest.skip("no C++ compiler")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(300, 1000), nn.ReLU(), nn.Linear(1000, 1))  # 1.2 MB weights
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    text = (
        "optimizer.zero_grad()\nloss = model(x).square().mean()\nloss.backward()\noptimizer.step()"
    )
    cell = bench(text, model=model, optimizer=optimizer, x=torch.randn(8, 300))
    cell.framework = TorchFramework()
    start = [p.detach().clone() for p in model.parameters()]
    with cell.snapshot.copying_first_writes():
        cell.call(cell.prepare("eager"))
    after = [p.detach().clone() for p in model.parameters()]
    cell.snapshot.restore()
    prepared = cell.prepare("compile")
    for _ in range(2):  # the second call finds everything compiled and put back
        cell.call(prepared)
        torch.testing.assert_close([p.detach() for p in model.parameters()], after)
        cell.snapshot.restore()
        assert all(torch.equal(a, b) for a, b in zip(start, model.parameters(), strict=True))


def test_its_phases_are_told_and_its_disk_cache(tmp_path, monkeypatch):
    if compat.cpp_compiler_missing():
        pytest.skip("no C++ compiler")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    framework = TorchFramework()
    modes = {"eager": ("eager", framework), "compile": ("compile", framework)}
    frameworks = (framework, PlainFramework((framework,)))
    arms = [
        run_modes("y = x.tanh()\ny * 2 + 5", {"x": torch.ones(100)}, modes, frameworks)[0]
        for _ in range(2)
    ]
    cold, warm = (result["compile"] for result in arms)
    assert (cold.compile_cache, warm.compile_cache) == ("cold", "warm")
    assert {"Dynamo", "AOTAutograd", "Inductor"} == cold.compile_phases.keys()
    assert warm.compile_phases["Inductor"] < 0.5 * cold.compile_phases["Inductor"]
    for arm in (cold, warm):
        assert 0 < sum(arm.compile_phases.values()) <= arm.compile_seconds
        assert arm.compile_interval is None
    assert [finding.kind for finding in warm.findings].count("warm-cache") == 1
    assert "warm-cache" not in [finding.kind for finding in cold.findings]


def test_without_a_compiler_the_mode_says_what_to_install(bench, monkeypatch):
    monkeypatch.setattr(compat, "cpp_compiler_missing", lambda: True)
    cell = bench("y = x * 2", x=torch.ones(2))
    cell.framework = TorchFramework()
    with pytest.raises(ModeUnavailable, match="apt install g"):
        cell.prepare("compile")
