"""Real runs watched by the real watcher: the right verdict where there is one, and none else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from dlmagic.finding import Finding
from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch.watcher import TorchWatcher
from dlmagic.magics.watch.verdicts.judge import Judge
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.verdicts.broken import BROKEN
from tests.magics.watch.verdicts.healthy import HEALTHY
from tests.magics.watch.verdicts.runs import Run

QUICK_BROKEN = (
    *("deep_sigmoid", "learning_rate_of_ten", "bias_far_below_zero", "root_of_zero"),
    *("normalised_over_one_value", "one_channel_in_each_group"),
)
QUICK_HEALTHY = (
    *("perceptron_with_adam", "corrections_of_low_rank", "regression_with_a_line_search"),
)


class Told:
    """Listens for the judge."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def step_ended(self, step: int) -> None:
        pass

    def loss_wanted(self) -> object:
        return None

    def heeds_all(self) -> bool:
        return False

    def not_finite(self, culprit: Culprit) -> None:
        self._judge.look_at_culprit(culprit)


def judged(make: Callable[[], Run], every: int, seed: int = 0) -> tuple[Finding, ...]:
    """What is said of a run that is measured on one step in so many."""
    torch.manual_seed(seed)
    run, judge = make(), Judge()
    names = [name for name, _ in run.model.named_modules()]
    watcher = TorchWatcher(run.model, names, Rate(every=every))
    watcher.begin(Told(judge))
    try:
        for number in range(run.steps):
            run.step(number)
            for sample in watcher.take():
                judge.look(sample)
        for sample in watcher.take(wait=True):
            judge.look(sample)
    finally:
        watcher.end()
    return judge.findings


def kinds(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.kind for finding in findings}


@pytest.mark.parametrize("name", QUICK_BROKEN)
def test_a_broken_run_gets_the_right_verdict(name: str) -> None:
    make, right = BROKEN[name]
    assert kinds(judged(make, every=3)) & right


@pytest.mark.parametrize("name", QUICK_HEALTHY)
def test_a_healthy_run_gets_none(name: str) -> None:
    assert judged(HEALTHY[name], every=3) == ()


@pytest.mark.prove
@pytest.mark.parametrize("every", [1, 7])
def test_nearly_all_broken_runs_get_the_right_verdict(every: int) -> None:
    missed = {
        name: found
        for name, (make, right) in BROKEN.items()
        if not (found := kinds(judged(make, every))) & right
    }
    assert len(BROKEN) >= 20
    assert len(missed) <= len(BROKEN) // 20, missed


@pytest.mark.prove
@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("name", HEALTHY)
def test_no_healthy_run_gets_any(name: str, every: int) -> None:
    assert judged(HEALTHY[name], every) == ()
