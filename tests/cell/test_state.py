"""What a run changed, under the names that a user would write."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.cell.state import state_of
from dlmagic.frameworks.registry import loaded_frameworks

torch = pytest.importorskip("torch")


class Counter:
    def __init__(self) -> None:
        self.count, self.note, self.table = 0, None, [1]


class Slotted:
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


def snapshot(**names: object) -> Snapshot:
    namespace: dict[str, object] = {"__name__": __name__, **names}
    return take_snapshot(namespace, names, frameworks=loaded_frameworks())


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (torch.nn.Linear(2, 1), {"x.weight", "x.bias"}),
        (torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False)), {"x[0].weight"}),
        (np.zeros(2), {"x"}),
        ([1, 2], {"x"}),
        ({"a": [1]}, {"x", "x['a']"}),
        (Counter(), {"x.count", "x.table"}),
        (Slotted(), {"x.count"}),
        (3, set()),
    ],
)
def test_values_are_named_as_they_are_written(value: object, paths: set[str]) -> None:
    found = state_of(snapshot(x=value).reached)
    hidden = {path for path in found if "._" in path or path.endswith(".training")}
    assert paths <= found.keys()
    if not isinstance(value, torch.nn.Module):
        assert found.keys() - hidden == paths


def test_the_default_of_a_class_has_a_name_of_its_own() -> None:
    """A class is reached through its objects; its default is not what an object holds."""

    class WithDefault:
        """A text of Python itself."""

        step = 0

    value = WithDefault()
    value.step = 2
    found = state_of(snapshot(x=value).reached)
    assert found == {"x.step": 2, "WithDefault.step": 0}


def test_a_gradient_belongs_to_its_tensor() -> None:
    weight = torch.ones(2, requires_grad=True)
    weight.sum().backward()
    found = state_of(snapshot(w=weight).reached)
    assert found["w.grad"] is weight.grad


def test_the_gradient_of_now_goes_before_the_one_that_was_saved() -> None:
    weight = torch.ones(2, requires_grad=True)
    weight.sum().backward()
    saved = snapshot(w=weight)
    weight.grad = torch.full((2,), 5.0)
    assert state_of(saved.reached)["w.grad"] is weight.grad


def test_parameters_bear_the_models_name_and_not_the_optimisers() -> None:
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = state_of(snapshot(optimizer=optimizer, model=model).reached)
    assert found["model.weight"] is model.weight
    assert not any("param_groups[0]['params'][" in path for path in found)
