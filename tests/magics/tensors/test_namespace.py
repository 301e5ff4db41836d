"""What ``%tensors`` says about a notebook as a whole."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.finding import Finding
from dlmagic.magics.tensors.engine import table_of
from dlmagic.magics.tensors.request import Request

LARGE = 3_000_000  # float32: 12 MB


def findings(namespace: dict[str, object], **options: Any) -> tuple[Finding, ...]:
    return table_of(Request(namespace, **options)).findings


def test_what_only_an_old_result_keeps_is_told_if_it_is_large() -> None:
    kept = torch.ones(LARGE)
    (finding,) = findings({}, outputs={4: kept, 5: torch.ones(3)})
    assert finding.kind == "kept-alive"
    assert finding.message.startswith("Out[4] keeps 12 MB of tensors")
    assert findings({"kept": kept}, outputs={4: kept}) == ()
    assert findings({"kept": kept}, outputs={4: kept[5:].view(-1, 5)}) == ()


def traceback_with(hidden: Any) -> TracebackType:
    def forward(inputs: Any) -> None:
        outputs = inputs + 1
        raise ValueError(outputs.shape)

    with pytest.raises(ValueError, match=str(LARGE)) as caught:
        forward(hidden)
    return caught.tb


def test_what_the_last_error_keeps_is_told_once() -> None:
    hidden = np.ones(LARGE, np.float32)
    (finding,) = findings({}, traceback=traceback_with(hidden))
    assert finding.message.startswith("The last error keeps 24 MB")
    (finding,) = findings({"hidden": hidden}, traceback=traceback_with(hidden))
    assert "12 MB" in finding.message


def test_parameters_on_several_devices_are_told() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1, device="meta"))
    (finding,) = findings({"model": model, "other": nn.Linear(2, 2)})
    assert (finding.kind, finding.operands) == ("several-devices", ("model",))
    assert finding.message == "Parameters of model lie on cpu and meta."
    model.hf_device_map = {"": "cpu"}  # type: ignore[assignment]  # of a library that spreads it
    assert findings({"model": model}) == ()


def test_an_optimiser_of_a_model_that_was_made_again_is_told() -> None:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert findings({"model": model, "optimizer": optimizer}) == ()
    again = nn.Linear(3, 2)
    (finding,) = findings({"model": again, "optimizer": optimizer})
    assert (finding.kind, finding.operands) == (
        "optimiser-of-another-model",
        ("optimizer", "model"),
    )


class Agent:
    """Keeps a model, as users do."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model


@pytest.mark.parametrize("where", ["object", "list", "parameters", "other shapes"])
def test_an_optimiser_whose_model_is_elsewhere_is_not_suspected(where: str) -> None:
    model, target = nn.Linear(3, 2), nn.Linear(3, 2)
    names: dict[str, object] = {"optimizer": torch.optim.Adam(model.parameters()), "target": target}
    names |= {
        "object": {"agent": Agent(model)},
        "list": {"models": [model, target]},
        "parameters": {"weight": model.weight},
        "other shapes": {"target": nn.Linear(4, 2)},
    }[where]
    assert findings(names) == ()


@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_models_without_shapes_are_passed_by() -> None:
    lazy = nn.LazyLinear(2)
    optimizer = torch.optim.SGD(nn.Linear(3, 2).parameters())
    names = {"lazy": lazy, "optimizer": optimizer, "of": torch.optim.SGD(lazy.parameters())}
    assert findings({"optimizer": optimizer, "lazy": lazy}) == ()
    assert findings(names) == ()


def test_a_pattern_asks_for_names_alone() -> None:
    namespace: dict[str, object] = {"x": torch.ones(2)}
    assert findings(namespace, outputs={4: torch.ones(LARGE)}, pattern="x") == ()
