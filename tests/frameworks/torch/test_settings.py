"""What decides about speed and precision stands in the result, and comes back after a cell."""

from __future__ import annotations

import pytest
import torch

from dlmagic import bench
from dlmagic.frameworks.torch import ambient
from dlmagic.frameworks.torch.adapter import TorchFramework


def autocast(on, dtype=torch.bfloat16):
    torch.set_autocast_enabled("cpu", on)
    torch.set_autocast_dtype("cpu", dtype)


NEWER = hasattr(torch.backends.cuda.matmul, "fp32_precision")
newer = pytest.mark.skipif(not NEWER, reason="came with PyTorch 2.9")
CHANGES = {
    "float32 matmul precision": lambda: torch.set_float32_matmul_precision("high"),
    "TF32 in matmul": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "TF32 in cuDNN": lambda: setattr(torch.backends.cudnn, "allow_tf32", False),
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "autocast on cpu": lambda: autocast(True),
    "grad mode": lambda: torch.set_grad_enabled(False),
    "deterministic algorithms": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "cudnn.deterministic": lambda: setattr(torch.backends.cudnn, "deterministic", True),
    "cudnn.benchmark": lambda: setattr(torch.backends.cudnn, "benchmark", True),
    "oneDNN": lambda: setattr(torch.backends.mkldnn, "enabled", False),
    "intra-op threads": lambda: torch.set_num_threads(3),
}


@pytest.fixture(autouse=True)
def as_before():
    saved = list(ambient.save_settings())
    yield
    for setting in saved:
        setting.restore()


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_is_found_in_the_result(name):
    x = torch.ones(2)
    first = bench("x + 1", namespace={"x": x}, modes=["eager"], time=0.02)
    before = first.environment.settings["torch"]
    CHANGES[name]()
    result = bench("x + 1", namespace={"x": x}, modes=["eager", "plain"], time=0.02)
    after = result.environment.settings["torch"]
    assert after[name] != before[name]


def test_the_number_of_inter_op_threads_is_told():
    told = TorchFramework().settings()["inter-op threads"]
    assert told == str(torch.get_num_interop_threads())


@newer
@pytest.mark.parametrize(
    "change",
    [
        lambda: setattr(torch.backends.cuda.matmul, "fp32_precision", "tf32"),
        lambda: setattr(torch.backends.cudnn.conv, "fp32_precision", "ieee"),
        lambda: torch.set_float32_matmul_precision("medium"),
    ],
    ids=["matmul", "conv", "older name"],
)
def test_precision_by_its_newer_name_is_told_and_put_back(change):
    before = TorchFramework().settings()
    saved = list(ambient.save_settings())
    change()
    assert TorchFramework().settings() != before
    for setting in saved:
        setting.restore()
    assert TorchFramework().settings() == before
    assert not [setting.name for setting in saved if setting.changed()]


@newer
def test_a_notebook_that_uses_the_newer_names_can_be_benchmarked():
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    result = bench("x @ x", namespace={"x": torch.ones(2, 2)}, modes=["eager"], time=0.02)
    assert result.environment.settings["torch"]["TF32 in matmul"] == "on"
    assert torch.backends.cuda.matmul.fp32_precision == "tf32"
