"""A watched model, trained for real."""

from __future__ import annotations

import contextlib
import gc
import json
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import dlmagic
from dlmagic.errors import InputError, TrainingStopped
from dlmagic.magics.watch.engine import begin, unwatch, watched
from dlmagic.magics.watch.flusher import THREAD
from dlmagic.magics.watch.request import WatchRequest
from tests.interrupting import interrupted_in
from tests.magics.watch.conftest import Training


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == THREAD]


def watch(training: Training, **words: Any) -> dlmagic.WatchSession:
    return dlmagic.watch(training.net, name="net", **{"every": 1, **words})


def test_figures_are_those_of_the_model(training: Training) -> None:
    with watch(training, exact=True) as session:
        training.run(3)
        layer = session.table()["0"]
        steps, norms = session.history("0", "norm")
    weight = training.net[0].weight
    found = session.history("0.weight", "norm", "gradient").values[-1]
    assert found == pytest.approx(float(weight.grad.norm()), rel=1e-5)
    assert steps.tolist() == [1, 2, 3]
    joint = torch.cat([each.grad.flatten() for each in training.net[0].parameters()]).norm()
    assert norms[-1] == pytest.approx(float(joint), rel=1e-5)
    assert layer.gradient == pytest.approx(float(joint), rel=1e-5)
    assert (session.steps, session.result().samples) == (3, 3)


@pytest.mark.parametrize("bias_learns", [True, False])
def test_the_ratio_of_a_layer_over_time_is_the_tables(
    training: Training, bias_learns: bool
) -> None:
    training.net[0].bias.requires_grad_(bias_learns)
    with watch(training, exact=True) as session:
        training.run(2)
        before = torch.cat([each.flatten() for each in training.net[0].parameters()]).detach()
        training.run(1)
        after = torch.cat([each.flatten() for each in training.net[0].parameters()]).detach()
    told = session.table()["0"].update
    wanted = float((after - before).norm() / before.norm())
    assert told == pytest.approx(wanted, rel=1e-4)
    assert session.history("0", "ratio").values[-1] == pytest.approx(wanted, rel=1e-4)
    assert session.result().history("0", "ratio").values[-1] == pytest.approx(wanted, rel=0.01)
    weight = session.history("0.weight", "ratio", "update").values[-1]
    assert weight != pytest.approx(wanted, rel=1e-4)


def test_parameters_that_a_layer_has_no_more_are_not_in_its_norms(training: Training) -> None:
    with watch(training, exact=True) as session:
        training.run(2)
        nn.utils.parametrizations.weight_norm(training.net[0])
        training.optimizer = torch.optim.SGD(training.net.parameters(), lr=0.01)
        before = training.net[0].bias.detach().clone()
        training.run(1)
        layer = session.table()["0"]
    bias = float(training.net[0].bias.grad.norm())
    assert layer.gradient == pytest.approx(bias, rel=1e-5)
    assert layer.weight == pytest.approx(float(before.norm()), rel=1e-5)


def test_gradients_that_are_cleared_unused_are_not_said_to_be_a_scalers(training: Training) -> None:
    """As those of a discriminator from the turn of its generator."""
    with watch(training) as session:
        training.run(2)
        training.net(training.x).sum().backward()
        training.run(1)
    told = session.result()._repr_mimebundle_()["text/plain"]
    assert "1 set of gradients used by no step" in " ".join(told.split())


def test_writing_elsewhere_counts_in_the_overhead(training: Training, tmp_path: Any) -> None:
    pytest.importorskip("tensorboard")
    with watch(training, every=2, to=f"tensorboard:{tmp_path}") as session:
        training.run(12)
        _ = session.findings  # what was measured is written now
        measured, shown = session.watcher.overhead(), session.overhead
        assert shown.share > measured.share
    assert session.result().overhead.share > session.watcher.overhead().share


def test_layers_are_chosen_and_others_while_it_runs(training: Training) -> None:
    with watch(training, layers="0") as session:
        training.run(2)
        assert [layer.layer for layer in session.table()] == ["0"]
        session.choose("ReLU")
        assert [layer.name for layer in session.layers] == ["1"]
        training.run(3)
        assert [(layer.layer, layer.step) for layer in session.table()] == [("0", 2), ("1", 5)]
        for told in (session.table(), session.result()):
            assert "0 was last measured at step 2." in str(told)
        with pytest.raises(InputError, match=r"No layer matches 'LeRU'\. Did you mean ReLU"):
            session.choose("LeRU")


def test_a_pause_measures_nothing_and_counts_on(training: Training) -> None:
    with watch(training) as session:
        training.run(2)
        before = session.result().samples
        session.pause()
        training.run(5)
        assert session.result().samples <= before + 1  # one may have been under way
        session.resume()
        training.run(5)
        assert session.result().samples > before + 1
        assert session.steps == 12


def test_the_loss_comes_by_its_name(training: Training) -> None:
    with watch(training, loss="loss") as session:
        training.run(5)
    steps, values = session.result().losses
    assert len(steps) >= 4
    assert values[-1] == pytest.approx(training.loss, rel=1e-5)


def test_a_loss_that_is_not_there_is_told(training: Training) -> None:
    with watch(training, loss="losss") as session:
        training.run(2)
    notes = " ".join(session.result().notes)
    assert "No number called losss was seen" in notes
    assert "loss" in notes.partition("Near it are: ")[2]


def test_a_session_ends_once_and_leaves_no_thread(training: Training) -> None:
    session = watch(training)
    assert threads() == []
    training.run(2)
    assert threads() == [THREAD]
    assert session.stop() is session.stop()
    assert threads() == []
    assert session.result().ended == "stopped"
    training.run(2)
    assert session.steps == 2


def test_the_thread_sleeps_while_nothing_trains(training: Training) -> None:
    with watch(training) as session:
        training.run(2)
        session.result()
        time.sleep(0.6)
        looks = []
        session._flush = lambda **_: looks.append(1)  # type: ignore[method-assign]
        time.sleep(0.6)
        assert looks == []
        del session._flush


def test_watching_again_goes_on_with_what_is_asked_now(training: Training) -> None:
    first = watch(training)
    training.run(2)
    second = watch(training, layers="0", stop_on="nan")
    assert second is first
    training.run(2)
    assert second.steps == 4
    assert [layer.name for layer in second.layers] == ["0"]
    assert len(watched().models) == 1


def test_another_rate_begins_anew_and_nothing_stacks(training: Training) -> None:
    first = watch(training)
    second = watch(training, every=3)
    assert (first.running, second.running) == (False, True)
    assert "again" in first.result().ended
    training.run(2)
    assert (first.steps, second.steps) == (0, 2)


def test_another_model_of_the_same_name_ends_the_old_session(training: Training) -> None:
    first = watch(training)
    second = watch(Training())
    assert (first.running, second.running) == (False, True)
    assert first.result().ended == "another model is called net now"


def test_a_model_that_is_gone_is_let_go() -> None:
    training = Training()
    session = watch(training)
    training.run(2)
    gone = weakref.ref(training.net)
    del training
    end = time.monotonic() + 5
    while gone() is not None and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)  # the thread of the session may be looking at it just now
    assert gone() is None
    assert not session.running
    assert session.result().ended == "the model is gone"
    assert watched().models == ()
    assert threads() == []


def test_what_is_not_watched_cannot_be_let_go(training: Training) -> None:
    with pytest.raises(InputError, match="No model is watched"):
        unwatch("net")
    watch(training)
    with pytest.raises(InputError, match=r"nett is not watched\. Did you mean net"):
        unwatch("nett")


def test_nan_ends_the_training_and_the_model_is_intact(training: Training) -> None:
    with watch(training, stop_on="nan") as session:
        for number in range(100):
            training.step(float("nan") if number == 5 else 1.0)
    assert number < 9
    assert "was stopped" in " ".join(session.result().notes)
    assert all(torch.isfinite(each).all() for each in training.net.parameters())
    assert session.findings[0].kind == "not-finite"


def test_a_loss_that_is_not_finite_is_told_and_ends_the_training(training: Training) -> None:
    """A mean over nothing is NaN, and its gradients are zeros."""
    with watch(training, loss="mean", stop_on="nan") as session:
        for number in range(200):
            mean = training.net(training.x)[: 16 if number < 5 else 0].mean()
            training.optimizer.zero_grad()
            mean.backward()
            training.optimizer.step()
            time.sleep(0.005)
    assert number < 190
    (finding,) = session.findings
    assert (finding.kind, finding.level) == ("not-finite", "error")
    assert finding.message == "At step 6, mean is NaN, although no gradient was seen to be."


def test_except_exception_does_not_swallow_the_end(training: Training) -> None:
    session = watch(training, stop_on="nan")
    with pytest.raises(TrainingStopped) as raised:  # noqa: PT012
        for _ in range(100):
            try:
                training.step(float("nan"))
            except Exception:
                continue
    assert session.has_raised(raised.value)
    assert raised.value._render_traceback_() == [raised.value.message]


def test_the_training_can_go_on_after_it_was_stopped(training: Training) -> None:
    session = watch(training)
    session.wish.ask("Stop was pressed")
    with pytest.raises(TrainingStopped, match="was stopped after step 1: Stop was pressed"):
        training.run(5)
    training.run(5)
    assert session.steps == 6


def test_the_error_of_the_user_passes(training: Training) -> None:
    with pytest.raises(ZeroDivisionError), watch(training) as session:  # noqa: PT012
        training.run(2)
        _ = 1 / 0
    assert not session.running


def test_a_result_is_the_same_after_json(training: Training) -> None:
    with watch(training, loss="loss") as session:
        training.run(30)
    result = session.result()
    text = result.to_json()
    opened = dlmagic.WatchResult.from_json(text)
    assert opened == result
    assert repr(opened) == repr(result)
    assert json.loads(text)["schema"] == 1
    for statistic in ("std", "norm"):
        now, then = result.history("0", statistic), opened.history("0", statistic)  # type: ignore[arg-type]
        assert np.array_equal(now.values, then.values, equal_nan=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("9", "std"), "No layer '9' was measured. Choose from: 0, 1"),
        (("0", "sdt"), "There is no statistic 'sdt'. Did you mean std"),
        (("0", "std", "weigth"), "There is no quantity 'weigth'. Did you mean weight"),
        (("1", "norm"), "Of '1', no gradient was measured. Did you mean activation-gradient"),
    ],
)
def test_a_course_that_there_is_not(
    training: Training, arguments: tuple[Any, ...], words: str
) -> None:
    with watch(training) as session:
        training.run(1)
        with pytest.raises(InputError, match=words):
            session.history(*arguments)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (3, "value is an int, not a model"),
        (nn.Linear, "value is the class type|value is the class Linear"),
        (nn.Linear(2, 2, device="meta"), "on the meta device: it has shapes and no values"),
    ],
)
def test_what_cannot_be_watched_is_named(model: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        dlmagic.watch(model, name="value")


def test_a_model_that_is_never_called_is_told(training: Training) -> None:
    result = watch(training).stop()
    assert "no optimiser took a step" in " ".join(repr(result).split())


def test_the_twin_finds_the_name() -> None:
    network = Training().net
    with dlmagic.watch(network) as session:
        assert session.name == "network"


def test_two_models_are_watched_side_by_side(training: Training) -> None:
    other = Training()
    one = begin(training.net, "one", WatchRequest.of(every=1), {})
    two = begin(other.net, "two", WatchRequest.of(every=1), {})
    training.run(2)
    other.run(3)
    assert (one.steps, two.steps) == (2, 3)
    assert [each.model for each in watched().models] == ["one", "two"]
    ended = unwatch()
    assert "no longer watched" in repr(ended)


def waiting_for_a_sample(training: Training) -> dlmagic.WatchSession:
    """A session of two samples, of which the thread has taken one and rests."""
    session = watch(training)
    training.run(1)
    while not session.past.samples:
        time.sleep(0.001)
    training.run(1)
    return session


@pytest.mark.parametrize("number", range(1, 400, 8))
def test_an_interrupt_while_a_result_is_made_loses_no_sample(
    training: Training, number: int
) -> None:
    session = waiting_for_a_sample(training)
    own = ("session.py", "history.py", "courses.py", "uninterrupted.py", "torch/delivery.py")
    interrupted = interrupted_in(number, *(f"/watch/{each}" for each in own))
    with contextlib.suppress(KeyboardInterrupt), interrupted:
        session.result()
    result = session.stop()
    assert (result.samples, result.last) == (2, 2)
    assert np.isfinite(result.courses.array[..., -1]).any()
    assert not [each for each in session.notes if "failed" in each]
