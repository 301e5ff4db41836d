"""A step function of JAX in place of a model: ``dlmagic.watch`` returns what is called instead."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import dlmagic
from dlmagic.errors import InputError, TrainingStopped
from dlmagic.magics.watch.engine import end_all, watched

X = jnp.asarray(np.random.default_rng(0).normal(size=(16, 4)), jnp.float32)
Y = X[:, :1] * 2


def loss_of(parameters: Any, x: Any, y: Any) -> Any:
    hidden = jnp.tanh(x @ parameters["first"]["w"])
    return jnp.mean((hidden @ parameters["last"]["w"] - y) ** 2)


@jax.jit
def train_step(parameters: Any, x: Any, y: Any) -> Any:
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
    return jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients), loss


def fresh() -> Any:
    return {"first": {"w": jnp.full((4, 8), 0.1)}, "last": {"w": jnp.full((8, 1), 0.1)}}


def trained(step: Any, steps: int = 3) -> list[Any]:
    parameters = fresh()
    for _ in range(steps):
        parameters, _ = step(parameters, X, Y)
    return [np.asarray(each).tobytes() for each in jax.tree.leaves(parameters)]


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    yield
    end_all("the test has ended")


def test_what_is_advised_is_said_in_words_of_jax() -> None:
    step = dlmagic.watch(train_step, every=1)
    parameters = fresh()
    for number in range(30):
        step(parameters, X, Y * (1e6 if number > 20 else 1))
    advised = {each.kind: each.fix.text for each in step.session.findings if each.fix}
    assert "optax.clip_by_global_norm" in advised["exploding-gradient"]
    assert not any("torch" in text for text in advised.values())


def test_what_is_returned_trains_alike_and_has_a_session() -> None:
    step = dlmagic.watch(train_step, every=1)
    assert trained(step) == trained(train_step)
    assert (step.session.name, step.session.steps) == ("train_step", 3)
    table = step.session.table()
    assert [layer.layer for layer in table] == ["first", "last"]
    assert table["first"].gradient > 0
    result = step.session.stop()
    assert "3 steps of `train_step`" in str(result)
    assert trained(step, 1) == trained(train_step, 1)


def test_what_compiling_the_measuring_program_took_is_told_as_paid_once() -> None:
    step = dlmagic.watch(train_step, every=100)
    began = perf_counter()
    trained(step, 1)
    taken = perf_counter() - began
    assert 0.01 < step.session.overhead.once < taken  # a program takes longer than a hundredth


def test_watched_again_it_goes_on() -> None:
    step = dlmagic.watch(train_step, every=1)
    trained(step, 2)
    again = dlmagic.watch(step, every=1)
    trained(again, 1)
    assert again.session is step.session
    assert (again.session.steps, len(watched().models)) == (3, 1)


def test_another_rate_begins_anew() -> None:
    step = dlmagic.watch(train_step, every=1)
    trained(step, 1)
    other = dlmagic.watch(train_step, every=2)
    trained(other, 2)
    assert (other.session.steps, step.session.running) == (2, False)


def test_layers_are_chosen_by_a_pattern() -> None:
    step = dlmagic.watch(train_step, "last", every=1)
    trained(step, 1)
    assert [layer.layer for layer in step.session.table()] == ["last"]
    wrong = dlmagic.watch(train_step, "lats", every=1)
    with pytest.raises(InputError, match="No layer matches 'lats'"):
        trained(wrong, 1)


def test_a_first_call_that_is_wrong_raises_its_own_error_and_the_next_one_begins() -> None:
    step = dlmagic.watch(train_step, "last", every=1)
    with pytest.raises(KeyError, match="first"):
        step(fresh()["last"], X, Y)
    assert (step.session, watched().models) == (None, ())
    trained(step, 2)
    assert [layer.layer for layer in step.session.table()] == ["last"]
    assert step.session.steps == 2


def test_a_step_that_cannot_be_looked_at_is_made_all_the_same() -> None:
    traced: list[Any] = []

    @jax.jit
    def once(parameters: Any) -> Any:
        traced.append(parameters)
        if len(traced) == 1:
            raise RuntimeError("not by anybody else")
        return parameters

    step = dlmagic.watch(once, "lats")
    assert step(jnp.ones(2)).shape == (2,)
    with pytest.raises(InputError, match="No layer matches 'lats'"):
        step(jnp.ones(2))
    traced.clear()
    step = dlmagic.watch(once)
    assert step(jnp.ones(2)).shape == (2,)
    assert step.session.running


def test_the_magic_says_how_a_step_is_watched(shell: Any) -> None:
    shell.run_line_magic("load_ext", "dlmagic")
    shell.user_ns["train_step"] = train_step
    advice = r"train_step = dlmagic\.watch\(train_step\)"
    with pytest.raises(Exception, match=advice):
        shell.run_line_magic("watch", "train_step")
    step = shell.user_ns["train_step"] = dlmagic.watch(train_step, every=1)
    for steps in (0, 1):
        trained(step, steps)
        with pytest.raises(Exception, match=r"watched already.*train_step\.session shows"):
            shell.run_line_magic("watch", "train_step")
    step.session.stop()
    with pytest.raises(Exception, match=advice):
        shell.run_line_magic("watch", "train_step")


def until_stopped(step: Any, bad: int) -> tuple[Any, TrainingStopped]:
    """Train until it is stopped; the target of one step is NaN."""
    parameters = fresh()
    try:
        for number in range(1, 9):
            parameters, _ = step(parameters, X, Y * jnp.nan if number == bad else Y)
    except TrainingStopped as stopped:
        return parameters, stopped
    pytest.fail("nothing stopped it")


def test_a_nan_ends_the_training_with_the_state_as_it_was_before() -> None:
    step = dlmagic.watch(train_step, every=1, stop_on="nan")
    parameters, stopped = until_stopped(step, bad=3)
    assert (stopped.step, step.session.steps) == (2, 3)
    assert "was stopped in step 3" in stopped.message
    assert np.isfinite(parameters["last"]["w"]).all()


def test_the_next_training_ends_on_a_nan_as_well() -> None:
    step = dlmagic.watch(train_step, every=1, stop_on="nan")
    until_stopped(step, bad=3)
    step.session.wish.begin_cell()
    _, stopped = until_stopped(step, bad=4)
    assert stopped.step == 6
    assert "At step 7" in stopped.message


def test_of_a_module_that_has_changed_it_is_not_said_that_its_step_was_left_out() -> None:
    @nnx.jit
    def scale(model: nnx.Linear, x: Any) -> Any:
        nnx.update(model, jax.tree.map(lambda weight: weight * x, nnx.state(model)))
        return x.sum()

    model = nnx.Linear(1, 1, rngs=nnx.Rngs(0))
    step = dlmagic.watch(scale, stop_on="nan")
    step(model, jnp.ones(1))
    with pytest.raises(TrainingStopped, match="was stopped after step 2: At step 2") as stopped:
        step(model, jnp.full(1, jnp.nan))
    assert stopped.value.step == 2


@pytest.mark.parametrize("every", [1, 1000])
def test_a_state_that_was_given_away_is_not_lost_with_the_end(every: int) -> None:
    donating = jax.jit(train_step.__wrapped__, donate_argnums=0)
    step = dlmagic.watch(donating, every=every, stop_on="nan")
    parameters, stopped = until_stopped(step, bad=3)
    assert (stopped.step, step.session.steps) == (3, 3)
    assert "was stopped after step 3: At step 3" in stopped.message
    assert np.isnan(parameters["last"]["w"]).all()  # the result of the third step
    parameters, loss = step(fresh(), X, Y)
    assert np.isfinite(loss)


CELL = """
step = dlmagic.watch(train_step)
for number in range(9):
    parameters, loss = step(parameters, X, Y)
    if number == 2:
        os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.usefixtures("interrupts")
def test_the_cell_that_makes_the_first_step_is_interrupted_between_two(shell: Any) -> None:
    shell.run_line_magic("load_ext", "dlmagic")
    names = {"dlmagic": dlmagic, "train_step": train_step, "X": X, "Y": Y, "os": os}
    shell.user_ns.update(names, parameters=fresh(), signal=signal)
    stopped = shell.run_cell(CELL).error_in_exec
    assert isinstance(stopped, TrainingStopped)
    assert "after step 4: it was interrupted" in stopped.message
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_does_not_take_away_a_state_that_was_given_away() -> None:
    step = dlmagic.watch(jax.jit(train_step.__wrapped__, donate_argnums=0))
    parameters, _ = step(fresh(), X, Y)
    step.session.wish.ask("it was interrupted")
    parameters, _ = step(parameters, X, Y)
    with pytest.raises(TrainingStopped, match="after step 2: it was interrupted"):
        step(parameters, X, Y)
    assert np.isfinite(parameters["last"]["w"]).all()
    assert step.session.steps == 2


def test_an_end_that_nobody_wants_any_more_is_none() -> None:
    step = dlmagic.watch(jax.jit(train_step.__wrapped__, donate_argnums=0))
    parameters, _ = step(fresh(), X, Y)
    step.session.wish.ask("it was interrupted")
    parameters, _ = step(parameters, X, Y)
    step.session.wish.begin_cell()
    step(parameters, X, Y)
    assert step.session.steps == 3


LINEN = """
weights = model.init(jax.random.key(0), X)

@jax.jit
def train_step(weights):
    loss, found = jax.value_and_grad(lambda w: (model.apply(w, X) ** 2).mean())(weights)
    return jax.tree.map(lambda w, g: w - 0.1 * g, weights, found), loss
"""
NNX = """
optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)

@nnx.jit
def train_step(model, optimizer):
    loss, found = nnx.value_and_grad(lambda model: (model(X) ** 2).mean())(model)
    optimizer.update(model, found)
    return loss
"""
FLAX = [
    pytest.param(lambda: nn.Dense(2), LINEN, "weights, loss = train_step(weights)", id="linen"),
    pytest.param(
        lambda: nnx.Linear(4, 2, rngs=nnx.Rngs(0)), NNX, "train_step(model, optimizer)", id="nnx"
    ),
]


@pytest.mark.parametrize(("make", "definition", "call"), FLAX)
def test_a_model_of_flax_is_watched_as_the_refusal_says(
    make: Any, definition: str, call: str, shell: Any
) -> None:
    shell.run_line_magic("load_ext", "dlmagic")
    names = {"jax": jax, "nnx": nnx, "optax": optax, "dlmagic": dlmagic, "X": X, "model": make()}
    shell.user_ns.update(names, dot=jnp.dot)
    shell.run_cell(definition).raise_error()
    said = {"model": "model is a model of Flax", "X": "X is .* A model of Flax", "": "A model of"}
    for argument, words in said.items():
        with pytest.raises(Exception, match=words) as refused:
            shell.run_cell_magic("watch", argument, "pass")
        (advice,) = re.findall(r"write (.*), and go on calling it\.$", str(refused.value))
    shell.run_cell(advice).raise_error()
    shell.run_cell(call).raise_error()
    assert shell.user_ns["train_step"].session.steps == 1
    assert shell.user_ns["train_step"].session.table()[""].weight > 0


@pytest.mark.parametrize(("make", "definition", "call"), FLAX)
def test_a_model_of_flax_is_not_taken_for_a_step(make: Any, definition: str, call: str) -> None:
    del definition, call
    with pytest.raises(InputError, match="through the function that trains it"):
        dlmagic.watch(make())
