"""The frameworks themselves, as a child asks them; here they have a processor alone."""

from __future__ import annotations

import importlib

import pytest

from dlmagic.magics.gpus.check.frameworks import FRAMEWORKS, framework_called
from dlmagic.magics.gpus.check.pip import _torch_build


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda each: each.name)
def test_what_a_framework_tells(framework) -> None:
    module = pytest.importorskip(framework.name)
    told = importlib.import_module(framework.child).look(compute=True)
    assert told["version"] == module.__version__
    assert set(told) == {"version", "devices", "computed", "architectures", "words"}
    if not told["devices"]:
        assert told["computed"] is False
    if framework.name == "jax" and not told["devices"]:
        assert "cuda" in told["words"]


def test_names_that_people_use() -> None:
    assert framework_called("PyTorch").name == "torch"
    assert framework_called("tf").name == "tensorflow"


@pytest.mark.parametrize(
    ("driver", "capability", "build"),
    [
        ((13, 0), (9, 0), (13, 0)),
        ((12, 8), (9, 0), (12, 8)),
        ((12, 2), (9, 0), (12, 6)),
        ((12, 2), (12, 0), (12, 8)),
        ((13, 0), (6, 1), (12, 6)),
        ((11, 4), (8, 0), (11, 8)),
        (None, None, (13, 0)),
    ],
)
def test_the_build_for_a_driver_and_a_gpu(driver, capability, build) -> None:
    assert _torch_build(driver, capability) == build
