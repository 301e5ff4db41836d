"""What a notebook holds to train with: old models, schedulers, rates and hooks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dlmagic.frameworks.torch.training import TorchTraining


def identities(module):
    return frozenset(map(id, module.parameters()))


@pytest.fixture
def names():
    net = nn.Linear(2, 1)
    return {"net": net, "opt": torch.optim.SGD(net.parameters(), lr=0.5)}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.5), "torch.optim.SGD(net.parameters(), lr=0.5)"),
        (
            lambda p: torch.optim.AdamW(p, weight_decay=0.1, betas=(0.8, 0.9)),
            "torch.optim.AdamW(net.parameters(), lr=0.001, betas=(0.8, 0.9), weight_decay=0.1)",
        ),
    ],
)
def test_the_optimiser_of_an_old_model_is_told_how_to_be_made_again(make, code):
    old, net = nn.Linear(2, 1), nn.Linear(2, 1)
    names = {"net": net, "opt": make(old.parameters())}
    found = TorchTraining(names).renewed(identities(old), identities(net))
    assert found is not None
    assert (found.optimizer, found.model, found.code) == ("opt", "net", f"opt = {code}")


def test_an_optimiser_whose_model_still_has_a_name_is_not_of_an_old_one(names):
    other = nn.Linear(2, 1)
    training = TorchTraining({**names, "other": other})
    assert training.renewed(identities(names["net"]), identities(other)) is None


def test_optimisers_are_found_by_what_they_hold_also_in_objects(names):
    training = TorchTraining({"all": [names["opt"]], "net": names["net"]})
    assert training.holding(identities(names["net"])) == ("all[0]",)
    assert training.holding(identities(nn.Linear(1, 1))) == ()
    assert training.holds("net", identities(names["net"]))
    assert not training.holds("all", identities(names["net"]))


def test_a_scheduler_leads_to_its_optimiser_and_counts_its_steps(names):
    schedule = torch.optim.lr_scheduler.StepLR(names["opt"], 1)
    training = TorchTraining({**names, "schedule": schedule})
    assert training.scheduled("schedule") == id(names["opt"])
    assert training.scheduled("net") is None
    assert not training.has_stepped(id(names["opt"]))
    names["opt"].step()
    assert TorchTraining({**names, "schedule": schedule}).has_stepped(id(names["opt"]))


def test_one_that_waits_for_a_plateau_has_no_first_rate_to_leave(names):
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(names["opt"])
    training = TorchTraining({**names, "plateau": plateau})
    assert training.scheduled("plateau") is None
    assert training.is_scheduler("StepLR")
    assert not training.is_scheduler("ReduceLROnPlateau")
    assert not training.is_scheduler("Path")


def test_the_rate_counts_as_long_as_nobody_has_changed_it(names):
    training = TorchTraining(names)
    assert training.made_with_rate(id(names["opt"])) == 0.5
    names["opt"].param_groups[0]["lr"] = 0.1
    assert training.made_with_rate(id(names["opt"])) is None


def test_hooks_of_gradients_are_seen(names):
    training = TorchTraining(names)
    assert not training.has_gradient_hooks()
    handle = names["net"].register_full_backward_hook(lambda *_: None)
    assert training.has_gradient_hooks()
    handle.remove()
    names["net"].weight.register_hook(lambda gradient: gradient)
    assert training.has_gradient_hooks()


def test_parts_of_a_model_have_no_name_of_their_own(names):
    model = nn.Sequential(names["net"])
    training = TorchTraining({**names, "model": model})
    assert training.name_of(id(model), "Sequential") == "model"
    assert training.name_of(id(names["net"]), "Linear") == ""
    assert training.name_of(id(object()), "Linear") is None
