"""Which calls of a model can be run once more when a step has gone wrong."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dlmagic.magics.watch.torch.culprit.call import KeptCall
from dlmagic.magics.watch.torch.kept_calls import CALLS_KEPT, STEPS_KEPT, KeptCalls
from tests.magics.watch.torch.training import watching


def call() -> KeptCall:
    return KeptCall((), {})


def test_on_a_processor_the_last_calls_of_one_step_are_kept() -> None:
    kept, calls = KeptCalls(), [call() for _ in range(CALLS_KEPT)]
    assert kept.last is None
    for each in list(calls):
        kept.add(1, each, waits=False)
    assert kept.last is calls[-1]
    assert (kept.of(1), kept.has_all_of(1)) == (calls, True)
    kept.add(1, last := call(), waits=False)
    assert (kept.of(1), kept.has_all_of(1)) == ([*calls[1:], last], False)
    kept.add(2, call(), waits=False)
    assert (kept.of(1), kept.has_all_of(1)) == ((), False)
    assert kept.has_all_of(2)
    kept.clear()
    assert kept.last is None
    assert not kept.of(2)


def test_a_device_tells_later_so_the_last_call_of_some_steps_is_kept() -> None:
    kept = KeptCalls()
    for step in range(1, 6):
        kept.add(step, call(), waits=True)
        kept.add(step, last := call(), waits=True)
        assert (kept.of(step), kept.has_all_of(step)) == ([last], False)
    assert [bool(kept.of(step)) for step in range(1, 6)] == [False] * 2 + [True] * STEPS_KEPT


class Log(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.log()


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_whichever_call_of_a_step_goes_wrong_is_found(wrong: int) -> None:
    """Into the others NaN comes by the loss, which is not to blame."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), Log(), nn.Linear(4, 4))
    nn.init.constant_(model[0].weight, 0.1)
    optimizer = torch.optim.SGD(model.parameters(), 1e-4)
    batches = [torch.rand(8, 4) + 1 for _ in range(3)]
    batches[wrong] = -batches[wrong] - 9
    with watching(model) as (_, heard):
        optimizer.zero_grad()
        codes = [model(each) for each in batches]
        (codes[0] * codes[1] * codes[2]).mean().backward()
        optimizer.step()
    (culprit,) = heard.culprits
    assert (culprit.pass_, culprit.layer, culprit.operation) == ("forward", "1", "log")


def test_the_loss_is_not_blamed_where_a_call_is_no_longer_known() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), Log())
    nn.init.constant_(model[0].weight, 0.1)
    optimizer = torch.optim.SGD(model.parameters(), 1e-4)
    good = torch.rand(8, 4) + 1
    with watching(model) as (_, heard):
        codes = [model(each) for each in (-good - 9, *[good] * CALLS_KEPT)]
        torch.stack(codes).prod(0).mean().backward()
        optimizer.step()
    assert heard.culprits[0].pass_ == "unknown"
