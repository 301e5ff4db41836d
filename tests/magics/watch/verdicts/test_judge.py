"""What is said, of whom, when, and when not yet."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from dlmagic.finding import Finding
from dlmagic.magics.watch.judging import Judging
from dlmagic.magics.watch.sample_result import Culprit, Row, Sample
from dlmagic.magics.watch.stopping import StopWish
from dlmagic.magics.watch.verdicts.judge import Judge
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.saturation import saturated
from dlmagic.magics.watch.verdicts.table import Outline, Table
from tests.magics.watch.verdicts.samples import normal, row, sample

FIRST, SECOND, LAST = row("0"), row("2"), row("4")


def told(samples: Iterable[Sample]) -> list[tuple[int, Finding]]:
    """New findings, with the step in which each was new."""
    judge = Judge()
    return [(each.step, finding) for each in samples for finding in judge.look(each)]


def gradients(step: int, *scales: float) -> Sample:
    rows = (FIRST, SECOND, LAST)
    return sample(step, {r: normal(s, seed=step) for r, s in zip(rows, scales, strict=True)})


def test_a_vanishing_gradient_is_told_once_with_layer_step_value_limit_and_advice() -> None:
    found = told(gradients(step, 1e-7, 1e-6, 0.1) for step in range(11, 40))
    assert [step for step, _ in found] == [15]
    finding = found[0][1]
    assert (finding.kind, finding.level, finding.operands) == (
        "vanishing-gradient",
        "warning",
        ("0", "2"),
    )
    assert finding.message.startswith(
        "At step 15, the gradient of weight in 0 (Linear) has all but vanished: its root mean "
        "square is 1e-7, that of the last layer, 4 (Linear), 0.1 (limit: 1e-4 of that). 1 more "
        "layer shows it: 2."
    )
    assert finding.fix is not None
    assert "normalisation" in finding.fix.text


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        ("layer.0.attention.self.query", "layer.0.attention.self.key", "hint"),
        ("block/MultiHeadDotProductAttention_0/query", "h.0.attn.k_proj", "hint"),
        ("layer.0.attention.self.query", "layer.0.output", "warning"),
        ("monkey", "layer.0.attention.self.key", "warning"),
    ],
)
def test_queries_and_keys_without_gradients_are_no_matter_of_depth(first, second, level) -> None:
    rows = (row(first), row(second), LAST)
    values = (dict(zip(rows, map(normal, (1e-7, 1e-7, 0.1)), strict=True)) for _ in range(20))
    ((_, finding),) = told(sample(step, each) for step, each in enumerate(values, 11))
    assert (finding.kind, finding.level) == ("vanishing-gradient", level)
    assert finding.fix is not None
    assert ("scale of the scores" in finding.fix.text) == (level == "hint")


def test_a_hint_makes_way_for_a_graver_finding_of_its_kind() -> None:
    judge, rows = Judge(), (row("attention.query"), row("output"), LAST)
    for step in range(11, 40):
        scales = (1e-7, 1e-7 if step > 25 else 0.1, 0.1)
        judge.look(sample(step, dict(zip(rows, map(normal, scales), strict=True))))
        (level,) = {each.level for each in judge.findings} or {None}
        assert level == (None if step < 15 else "hint" if step < 30 else "warning")
    (finding,) = judge.findings
    assert finding.operands == ("output", "attention.query")


def test_all_gradients_become_small_at_the_end_of_a_good_run() -> None:
    assert not told(gradients(step, *(3 * [0.1 * 0.5**step])) for step in range(1, 80))


def test_gradients_that_were_always_nothing_are_told() -> None:
    found = told(gradients(step, 1e-12, 1e-12, 1e-12) for step in range(1, 30))
    assert [(step, finding.kind) for step, finding in found] == [(10, "vanishing-gradient")]


def test_where_all_gradients_are_zero_the_loss_may_be_no_number() -> None:
    ((_, zero),) = told(gradients(step, 0, 0, 0) for step in range(1, 30))
    ((_, tiny),) = told(gradients(step, 1e-12, 0, 0) for step in range(1, 30))
    assert zero.kind == tiny.kind == "vanishing-gradient"
    assert zero.fix is not None
    assert tiny.fix is not None
    assert "is NaN" in zero.fix.text
    assert "is NaN" not in tiny.fix.text


def test_a_few_samples_are_not_enough() -> None:
    lost = [gradients(step, 1e-7, 0.1, 0.1) for step in range(20, 24)]
    assert not told([*lost, gradients(24, 0.1, 0.1, 0.1), *lost])


def test_an_explosion_names_the_layer_that_grew_most() -> None:
    calm = [gradients(step, 0.1, 0.1, 0.1) for step in range(1, 30)]
    found = told([*calm, gradients(30, 90, 1, 1), gradients(31, 90, 1, 1)])
    assert [(step, finding.kind) for step, finding in found] == [(31, "exploding-gradient")]
    assert found[0][1].message.startswith(
        "At step 31, gradients explode, most in 0 (Linear): the norm of all together is"
    )


@pytest.mark.parametrize(
    ("framework", "clipping"),
    [
        ("torch", "torch.nn.utils.clip_grad_norm_"),
        ("jax", "optax.clip_by_global_norm"),
        ("keras", "global_clipnorm=1.0"),
    ],
)
def test_how_gradients_are_clipped_is_said_for_the_framework(framework, clipping) -> None:
    judging = Judging(StopWish(), framework=framework)
    for step in range(1, 31):
        judging.look(gradients(step, *(3 * [200 if step == 30 else 0.1])))
    (finding,) = judging.findings
    assert finding.kind == "exploding-gradient"
    assert finding.fix is not None
    assert clipping in finding.fix.text
    assert ("cleared" in finding.fix.text) == (framework == "torch")


def test_one_hard_batch_is_no_explosion_and_a_thousandfold_one_is() -> None:
    calm = [gradients(step, 0.1, 0.1, 0.1) for step in range(1, 30)]
    assert not told([*calm, gradients(30, 2, 2, 2), *calm])
    assert told([*calm, gradients(30, 200, 200, 200)])


def test_a_plateau_that_is_left_is_no_explosion() -> None:
    """Deep nets learn nothing at first, and then their gradients grow thirtyfold, and stay."""
    rising = [gradients(step, *(3 * [0.005 * min(30, 1.15**step)])) for step in range(1, 60)]
    assert not told(rising)


def test_parts_side_by_side_may_have_gradients_of_other_sizes() -> None:
    assert not told(gradients(step, 0.01, 0.01, 500.0) for step in range(1, 60))


def test_a_layer_that_did_not_run_has_no_gradient_that_vanished() -> None:
    """As an expert of a mixture that no token is sent to."""
    output = row("0", "activation")
    values = {output: np.ones(8), FIRST: np.zeros(64), LAST: normal(0.1)}
    unseen = [sample(step, values, total={output: 0}) for step in range(1, 40)]
    assert not told(unseen)
    assert told(sample(step, values) for step in range(1, 40))


def test_a_spike_after_all_is_learned_is_no_explosion() -> None:
    calm = [gradients(step, *(3 * [0.1 * 0.5 ** min(step, 20)])) for step in range(1, 90)]
    assert not told([*calm, *(gradients(step, 0.01, 0.01, 0.01) for step in range(90, 95))])


def test_dead_units_are_told_after_the_first_steps() -> None:
    relu = row("1", "activation", kind="ReLU", shape=(4, 16))
    values = {relu: np.abs(normal(1)), LAST: normal(1)}
    found = told(sample(step, values, dead={relu: 0.75}) for step in range(1, 30))
    assert [(step, finding.kind) for step, finding in found] == [(11, "dead-units")]
    assert "75 % of the units of 1 (ReLU) are dead" in found[0][1].message
    assert not told(sample(step, values, dead={relu: 0.4}) for step in range(1, 30))


@pytest.mark.parametrize(
    ("kind", "shape", "outputs", "wrong"),
    [
        ("LayerNorm", (8, 1), np.full(8, 0.25), True),
        ("LayerNormalization", (2, 4, 1), np.full(8, 0.25), True),
        ("GroupNorm", (8, 1, 1), normal(1e-5, 8), True),  # with the errors of rounding
        ("GroupNorm", (2, 4), np.zeros(8), False),
        ("Softmax", (8, 1), np.ones(8), True),
        ("LogSoftmax", (8, 1), np.zeros(8), True),
        ("LayerNorm", (8, 1), np.append(np.full(7, 0.25), 0.5), False),
        ("LayerNorm", (1, 1), np.full(1, 0.25), False),  # of one value nothing can be told
        ("LayerNorm", (2, 4), np.zeros(8), False),  # as where its factors are zero
        ("Softmax", (2, 4), np.full(8, 0.25), False),
        ("Linear", (8, 1), np.zeros(8), False),  # as where it begins as zero
    ],
)
def test_a_layer_that_normalises_over_one_value_is_told(
    kind: str, shape: tuple[int, ...], outputs: np.ndarray, wrong: bool
) -> None:
    output = row("5", "activation", kind=kind, shape=shape)
    values = {FIRST: normal(1e-6), output: outputs}
    found = told(sample(step, values) for step in range(1, 30))
    expected = [(2, "constant-output")] if wrong else []
    assert [(step, finding.kind) for step, finding in found] == expected
    for _, finding in found:
        assert "nothing before it can learn through it" in finding.message


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0, 10.0, 100.0])
@pytest.mark.parametrize("kind", ["Tanh", "Sigmoid"])
def test_the_saturated_share_is_near_the_true_one(kind: str, scale: float) -> None:
    inputs = normal(scale, 20_000)
    tanh = np.tanh(inputs if kind == "Tanh" else inputs / 2)
    outputs = tanh if kind == "Tanh" else (tanh + 1) / 2
    measured = sample(1, {row("1", "activation", kind=kind): outputs})
    (share,) = saturated(Table(measured, Outline(measured.rows, Limits(), {})), np.arange(1))
    assert share == pytest.approx((np.abs(tanh) > 0.97).mean(), abs=0.13)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("Tanh", -0.94, 0.94), ("Sigmoid", 0.7, 0.96), ("Sigmoid", 0.8, 0.999), ("Tanh", -0.86, 0.99)],
)
def test_outputs_that_are_large_and_not_saturated_are_left_alone(
    kind: str, low: float, high: float
) -> None:
    hidden = row("1", "activation", kind=kind)
    middle = (abs(low) + high) / 2
    size = np.clip(normal(0.04, 4000) + middle, 0, high)
    outputs = size * np.sign(normal(1, 4000, seed=1)) if kind == "Tanh" else size
    outputs[:2] = low, high
    assert not told(sample(s, {hidden: outputs, LAST: normal(1)}) for s in range(1, 30))


def test_a_saturated_last_layer_is_as_it_should_be() -> None:
    hidden = row("1", "activation", kind="Sigmoid")
    outputs = 1 / (1 + np.exp(normal(50)))
    assert told(sample(s, {hidden: outputs, LAST: normal(1)}) for s in range(1, 30))
    assert not told(sample(s, {LAST: normal(1), hidden: outputs}) for s in range(1, 30))


def test_a_function_that_a_layer_ends_with_is_seen_unless_it_is_the_last() -> None:
    hidden = replace(row("1", "activation", kind="Dense"), activation="sigmoid")
    weight = row("1", kind="Dense")
    values = {hidden: 1 / (1 + np.exp(normal(50))), weight: normal(1)}
    (finding,) = (
        each for _, each in told(sample(s, values | {LAST: normal(1)}) for s in range(30))
    )
    assert (finding.kind, finding.operands) == ("saturation", ("1",))
    assert not told(sample(s, values) for s in range(30))


BIAS, SMALL = row("4.bias", shape=(8,)), row("6", shape=(4, 4))


@pytest.mark.parametrize(
    ("also", "says"),
    [
        ({}, "no gradient has ever been of use: the largest, in 0 (Linear)"),
        ({BIAS: 0.1}, "no gradient but those of biases and scales has ever been of use: the large"),
        ({SMALL: 0.1}, ""),
        ({BIAS: 0.1, SMALL: 0.1}, ""),
    ],
)
def test_of_gradients_that_were_never_of_use_others_that_were_are_left_out(
    also: dict[Row, float], says: str
) -> None:
    weights = {FIRST: np.zeros(64), LAST: np.zeros(64)}
    others = {each: normal(scale) for each, scale in also.items()}
    found = [each.message for _, each in told(sample(s, weights | others) for s in range(1, 40))]
    assert len(found) == bool(says)
    assert all(f"At step 10, {says}" in each for each in found)


def updates(step: int, *ratios: float, weight: float = 0.1) -> Sample:
    names = [str(place) for place in range(len(ratios))]
    values = {row(name, "weight"): normal(weight) for name in names}
    values |= {
        row(name, "update"): normal(weight * r) for name, r in zip(names, ratios, strict=True)
    }
    values |= {row(name, "gradient"): normal(1e-2) for name in names}
    return sample(step, values)


def test_updates_that_were_always_too_small_are_a_hint() -> None:
    found = told(updates(step, 1e-6, 2e-6) for step in range(1, 60))
    assert [(finding.kind, finding.level) for _, finding in found] == [("update-too-small", "hint")]


def test_no_update_at_all_is_a_warning() -> None:
    found = told(updates(step, 0, 0) for step in range(1, 60))
    assert [(f.kind, f.level) for _, f in found] == [("update-too-small", "warning")]


@pytest.mark.parametrize(
    "ratio",
    [
        lambda step: 1e-7 * step,  # a long warm-up
        lambda step: 1e-3 * 0.8**step,  # a decay, to next to nothing
        lambda step: 0.05 if step < 15 else 0.01,  # the first steps of Adam
        lambda step: 0.2 if step % 7 == 0 else 1e-3,
    ],
)
def test_updates_may_change_over_time(ratio) -> None:  # type: ignore[no-untyped-def]
    assert not told(updates(step, ratio(step), ratio(step)) for step in range(1, 120))


def test_layers_that_are_frozen_by_their_learning_rate_are_left_alone() -> None:
    assert not told(updates(step, 0, 0, 1e-3) for step in range(1, 60))


def test_weights_that_are_replaced_are_told_at_once_unless_they_begin_at_zero() -> None:
    assert [step for step, _ in told([updates(1, 3.0)])] == [1]
    assert not told([updates(1, 3.0, weight=1e-4)])


def test_updates_that_stay_too_large_are_told() -> None:
    found = told(updates(step, 0.08, 0.08) for step in range(1, 60))
    assert [(step, f.kind) for step, f in found] == [(51, "update-too-large")]


@pytest.mark.parametrize(
    ("kind", "shape"), [("Embedding", (8, 8)), ("Linear", (64,)), ("Linear", (2, 4))]
)
def test_tables_biases_and_tiny_weights_are_left_out(kind: str, shape: tuple[int, ...]) -> None:
    odd = row("odd", kind=kind, shape=shape)
    values = {odd: normal(1e-9), LAST: normal(1)}
    assert not told(sample(step, values) for step in range(1, 60))


def test_a_cause_keeps_what_follows_from_it_quiet() -> None:
    relu = row("1", "activation", kind="ReLU")
    values = {FIRST: np.zeros(64), relu: np.zeros(64), LAST: normal(1)}
    found = told(sample(step, values, dead={relu: 1.0}) for step in range(1, 60))
    assert [finding.kind for _, finding in found] == ["dead-units"]


def test_nan_is_told_by_the_culprit_and_else_by_the_samples() -> None:
    bad = {FIRST: np.array([np.nan, 1.0] * 32)}
    judge = Judge()
    finding = judge.look_at_culprit(Culprit(3, "forward", "1", "Log", 1, "NaN", 3, 640))
    assert not [each for step in range(3, 9) for each in judge.look(sample(step, bad))]
    assert judge.findings == (finding,)
    found = told(sample(step, bad) for step in range(3, 9))
    assert [(step, f.kind, f.level) for step, f in found] == [(5, "not-finite", "error")]
    assert "32 NaN and 0 Inf among 64 values" in found[0][1].message


@pytest.mark.parametrize("last", [np.array([np.nan, 1.0] * 32), normal(1)])
def test_at_the_end_of_a_training_nobody_is_waited_for_to_tell_of_nan(last: np.ndarray) -> None:
    judge = Judge()
    for step, values in enumerate([normal(1), np.array([np.nan, 1.0] * 32), last]):
        assert not judge.look(sample(step, {FIRST: values}))
    judge.conclude()
    is_bad = int(np.isnan(last).any())
    assert [each.message[:9] for each in judge.findings] == ["At step 1"] * is_bad
    judge.look_at_culprit(Culprit(1, "forward", "1", "Log", 1, "NaN", 3, 640))
    assert [each.kind for each in judge.findings] == ["not-finite"]


def test_a_loss_that_is_not_finite_is_told_once_and_not_beside_the_culprit() -> None:
    judge = Judge()
    (finding,) = judge.look_at_loss("loss", 7, math.inf)
    assert finding.message == "At step 7, loss is infinite, although no gradient was seen to be."
    assert judge.look_at_loss("loss", 8, math.nan) == ()
    judge.look_at_culprit(Culprit(7, "forward", "0", "Linear", 1, "NaN", 3, 8))
    assert [each.message[:25] for each in judge.findings] == ["At step 7, the first NaN c"[:25]]
    assert judge.look_at_loss("loss", 9, math.nan) == ()


@pytest.mark.parametrize("name", ["loss", ""])
def test_only_a_loss_that_the_user_named_is_told_of(name: str) -> None:
    """A step of JAX returns one without a name, whose NaN the watcher looks into itself."""
    judging = Judging(StopWish())
    judging.look_at_loss(name, 4, math.nan)
    assert len(judging.findings) == bool(name)


BAD = np.array([np.nan, 1.0] * 32)
CULPRIT = Culprit(16, "forward", "1", "Log", 1, "NaN", 3, 640)
OUTPUT = row("1", "activation", kind="ReLU")
SPOILT = {
    "units are dead": {OUTPUT: np.zeros(64), FIRST: BAD, LAST: normal(1)},
    "no gradient is left": {FIRST: np.zeros(64), LAST: np.zeros(64)},
    "what is finite explodes": {FIRST: BAD, LAST: normal(1e9)},
}


@pytest.mark.parametrize("values", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("late", [0, 2])
def test_what_follows_from_values_that_are_not_finite_is_no_other_mistake(
    values: dict[Row, np.ndarray], late: int
) -> None:
    judge = Judge()
    calm = [gradients(step, 0.1, 0.1, 0.1) for step in range(1, CULPRIT.step)]
    spoilt = [sample(step, values, dead={OUTPUT: 1.0}) for step in range(CULPRIT.step, 60)]
    for each in (*calm, *spoilt[:late]):
        judge.look(each)
    judge.look_at_culprit(CULPRIT)
    assert not [each for later in spoilt[late:] for each in judge.look(later)]
    assert [each.kind for each in judge.findings] == ["not-finite"]


def test_a_loss_that_was_never_finite_is_why_nothing_is_learned() -> None:
    judge = Judge()
    for step in range(1, 30):
        judge.look(gradients(step, 0, 0, 0))
    judge.look_at_loss("loss", 1, math.nan)
    assert [each.kind for each in judge.findings] == ["not-finite"]


def test_what_began_before_values_were_not_finite_is_told_as_it_was() -> None:
    judge = Judge()
    for step in range(1, 14):
        judge.look(gradients(step, 0.1, 0.1, 0.1))
    for step in (14, 15):
        judge.look(gradients(step, 90, 1, 1))
    before = judge.findings
    judge.look_at_culprit(CULPRIT)
    for step in range(16, 40):
        judge.look(sample(step, SPOILT["what is finite explodes"]))
    assert [each.kind for each in before] == ["exploding-gradient"]
    assert judge.findings[1:] == before


def test_a_training_that_overcomes_a_nan_is_judged_as_any() -> None:
    judge = Judge()
    judge.look_at_culprit(CULPRIT)
    judge.look(sample(CULPRIT.step, {FIRST: BAD, LAST: normal(1)}))
    for step in range(17, 40):
        judge.look(gradients(step, 1e-7, 0.1, 0.1))
    assert [each.kind for each in judge.findings] == ["not-finite", "vanishing-gradient"]


def test_units_that_come_back_are_only_odd() -> None:
    relu = row("1", "activation", kind="ReLU", shape=(4, 16))
    values = {relu: np.abs(normal(1)), LAST: normal(1)}
    judge = Judge()
    for step in range(1, 60):
        judge.look(sample(step, values, dead={relu: 0.75 if step <= 30 else 0.3}))
        (level,) = {each.level for each in judge.findings} or {""}
        assert level == ("" if step < 11 else "warning" if step < 40 else "hint"), step
    assert judge.findings[0].message.endswith("After step 30 it was not so any more.")


def test_findings_count_all_layers_and_name_some() -> None:
    judge = Judge()
    rows = [*(row(str(place)) for place in range(20)), row("last")]
    scales = [*(20 * [1e-9]), 1.0]
    values = {each: normal(scale) for each, scale in zip(rows, scales, strict=True)}
    for step in range(1, 40):
        judge.look(sample(step, values))
    (finding,) = judge.findings
    assert "19 more layers show it: 1, 2 and 17 more." in finding.message
    assert len(finding.operands) == 20


def test_a_layer_that_is_not_in_each_sample_keeps_its_count() -> None:
    both, alone = gradients(20, 1e-9, 1e-9, 1.0), sample(20, {LAST: normal(1)})
    judge = Judge()
    for _ in range(4):
        judge.look(both)
        judge.look(alone)
    assert not judge.findings
    judge.look(both)
    assert [each.operands for each in judge.findings] == [("0", "2")]


def test_words_are_made_once_for_each_kind() -> None:
    judge = Judge()
    judge.look(updates(1, 3.0, 2.0))
    judge.look(updates(2, 9.0, 9.0))
    (finding,) = judge.findings
    assert finding.message.startswith("At step 1, a step changes weight in 0 (Linear) far too much")
    assert "by 3 times its norm" in finding.message
