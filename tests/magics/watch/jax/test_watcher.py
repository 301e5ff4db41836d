"""Step functions of JAX: plain trees, Flax' linen with optax, and nnx."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from flax.training.train_state import TrainState

from dlmagic.magics.watch.jax.watched import WatchedStep
from dlmagic.magics.watch.jax.watcher import JaxWatcher, is_step
from dlmagic.magics.watch.sample_result import EDGES, STATISTICS, Sample
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.hearing import EndedHereError, Told

X = jnp.asarray(np.random.default_rng(0).normal(size=(32, 8)), jnp.float32)
Y = X[:, :1] * 2
EXACT = Rate(every=1, exact=True)


def watch(step: Any, rate: Rate = EXACT, told: Told | None = None) -> JaxWatcher:
    watcher = JaxWatcher(step, (), rate)
    watcher.begin(told or Told())
    return watcher


def row_of(sample: Sample, layer: str, quantity: str, parameter: str = "") -> dict[str, float]:
    wanted = (layer, quantity, parameter)
    at = [(row.layer, row.quantity, row.parameter) for row in sample.rows].index(wanted)
    return dict(zip(STATISTICS, map(float, sample.values[at]), strict=True))


def agrees(row: dict[str, float], values: Any, rtol: float = 1e-5) -> bool:
    values = np.asarray(values, np.float64).ravel()
    known = {
        "mean": values.mean(),
        "std": values.std(),
        "norm": np.linalg.norm(values),
        "min": values.min(),
        "max": values.max(),
        "zeros": (values == 0).mean(),
        "total": values.size,
    }
    scale = np.abs(values).max()
    return all(abs(row[name] - known[name]) <= rtol * max(scale, known[name]) for name in known)


def equal(first: Any, second: Any) -> bool:
    leaves = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in leaves)


def plain_parameters(width: int = 16) -> dict[str, Any]:
    keys = jax.random.split(jax.random.key(0), 2)
    first = {"kernel": jax.random.normal(keys[0], (8, width)), "bias": jnp.zeros(width)}
    return {"first": first, "last": {"kernel": jax.random.normal(keys[1], (width, 1))}}


def loss_of(parameters: Any, x: Any, y: Any) -> Any:
    first = parameters["first"]
    hidden = jnp.tanh(x @ first["kernel"] + first["bias"])
    return jnp.mean((hidden @ parameters["last"]["kernel"] - y) ** 2)


def plain_step(parameters: Any, x: Any, y: Any) -> Any:
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
    return jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients), loss


class Net(nn.Module):
    @nn.compact
    def __call__(self, x: Any, training: bool = True) -> Any:
        x = nn.relu(nn.Dense(16, name="first")(x))
        x = nn.Dropout(0.3, deterministic=not training)(x)
        return nn.Dense(1, name="last")(x)


def linen_state() -> TrainState:
    net = Net()
    parameters = net.init(jax.random.key(0), X, training=False)["params"]
    return TrainState.create(apply_fn=net.apply, params=parameters, tx=optax.adam(1e-2))


@partial(jax.jit, donate_argnums=0)
def linen_step(state: TrainState, x: Any, y: Any, key: Any) -> Any:
    def loss(parameters: Any) -> Any:
        rngs = {"dropout": jax.random.fold_in(key, state.step)}
        return jnp.mean((state.apply_fn({"params": parameters}, x, rngs=rngs) - y) ** 2)

    value, gradients = jax.value_and_grad(loss)(state.params)
    return state.apply_gradients(grads=gradients), value


class Module(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(8, 16, rngs=rngs)
        self.norm = nnx.BatchNorm(16, rngs=rngs)
        self.drop = nnx.Dropout(0.2, rngs=rngs)
        self.last = nnx.Linear(16, 1, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.last(self.drop(nnx.relu(self.norm(self.first(x)))))


@nnx.jit
def nnx_step(model: Module, optimizer: nnx.Optimizer, x: Any, y: Any) -> Any:
    def loss(model: Module) -> Any:
        return jnp.mean((model(x) - y) ** 2)

    value, gradients = nnx.value_and_grad(loss)(model)
    optimizer.update(model, gradients)
    return value


@pytest.mark.parametrize("compiled", [True, False])
def test_plain_trees_are_trained_as_without(compiled):
    step = jax.jit(plain_step, donate_argnums=0) if compiled else plain_step
    ends = []
    for call in (step, (watcher := watch(step, Rate(every=7))).call):
        parameters = plain_parameters()
        for _ in range(50):
            parameters, loss = call(parameters, X, Y)
        ends.append((parameters, loss))
    assert equal(*ends)
    samples = watcher.take(wait=True)
    assert [sample.step for sample in samples] == [1, 8, 15, 22, 29, 36, 43, 50]
    assert {row.quantity for row in samples[0].rows} == {"gradient", "weight", "update"}
    assert len(watcher.losses()) == 50


@pytest.mark.parametrize("compiled", [True, False])
def test_statistics_are_those_of_numpy(compiled):
    before, gradients = plain_parameters(64), jax.grad(loss_of)(plain_parameters(64), X, Y)
    watcher = watch(jax.jit(plain_step) if compiled else plain_step)
    after, _ = watcher.call(before, X, Y)
    (sample,) = watcher.take()
    kernel = np.asarray(before["first"]["kernel"])
    assert agrees(row_of(sample, "first", "weight", "kernel"), kernel)
    assert agrees(row_of(sample, "first", "gradient", "kernel"), gradients["first"]["kernel"], 1e-4)
    changed = np.asarray(after["first"]["kernel"]) - kernel
    assert agrees(row_of(sample, "first", "update", "kernel"), changed, 1e-4)
    place = [(row.quantity, row.parameter) for row in sample.rows].index(("weight", "kernel"))
    expected = np.bincount(
        np.searchsorted(EDGES, kernel.ravel(), "right"), minlength=len(EDGES) + 1
    )
    assert (sample.histograms[place] == expected).all()


def test_long_sums_keep_their_digits():
    values = np.random.default_rng(0).normal(0.3, 1, 3_000_001).astype(np.float32)
    watcher = watch(jax.jit(lambda p: {"w": p["w"] * 2}))
    watcher.call({"w": jnp.asarray(values)})
    (sample,) = watcher.take()
    row = row_of(sample, "", "weight", "w")
    assert row["mean"] == pytest.approx(values.mean(dtype=np.float64), rel=1e-5)
    assert row["std"] == pytest.approx(values.std(dtype=np.float64), rel=1e-5)
    assert "No gradients were seen" in watcher.notes()[0]


def test_linen_with_optax_and_donated_state():
    key = jax.random.key(1)
    ends = []
    for call in (linen_step, (watcher := watch(linen_step, Rate(every=10))).call):
        state = linen_state()
        for _ in range(50):
            state, loss = call(state, X, Y, key)
        ends.append((state, loss))
    assert equal(*ends)
    samples = watcher.take()
    assert len(samples) == 5
    assert row_of(samples[0], "first", "activation")["total"] == 32 * 16
    assert row_of(samples[0], "last", "gradient", "kernel")["total"] == 16
    assert row_of(samples[0], "last", "update", "kernel")["ratio"] > 0
    kinds = {layer.name: (layer.kind, layer.parameters) for layer in watcher.layers}
    assert kinds["first"] == ("Dense", 8 * 16 + 16)
    assert kinds[""] == ("Net", 0)
    assert not watcher.silent()
    assert not watcher.notes()


def test_gradients_that_are_returned_are_not_taken_for_the_new_parameters():
    @jax.jit
    def step(state: TrainState, x: Any) -> Any:
        def loss(parameters: Any) -> Any:
            return state.apply_fn({"params": parameters}, x, training=False).mean()

        gradients = jax.grad(loss)(state.params)
        return gradients, state.apply_gradients(grads=gradients)

    watcher, state = watch(step), linen_state()
    _, after = watcher.call(state, X)
    (sample,) = watcher.take()
    old, new = (each.params["last"]["kernel"] for each in (state, after))
    assert agrees(row_of(sample, "last", "update", "kernel"), new - old)


def of_one(parameters: Any, x: Any, y: Any) -> Any:
    return jax.grad(loss_of)(parameters, x, y)


def sgd(parameters: Any, gradients: Any) -> Any:
    return jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients)


def apart(q1: Any, q2: Any, x: Any, y: Any) -> Any:
    return sgd(q1, of_one(q1, x, y)), sgd(q2, of_one(q2, x, 100 * y))


def in_one_state(state: Any, x: Any, y: Any) -> Any:
    q1, q2 = apart(state["b"], state["a"], x, y)
    return {"a": q2, "b": q1}, jnp.float32(0)


def beside_a_target(target: Any, q1: Any, q2: Any, x: Any, y: Any) -> Any:
    q1, q2 = apart(q1, q2, x, y)
    return sgd(target, q1), q1, q2


def in_a_tuple(both: Any, x: Any, y: Any) -> Any:
    return apart(*both, x, y), jnp.float32(0)


def called_as_a_layer(q1: Any, last: Any, x: Any, y: Any) -> Any:
    return apart(q1, last, x, y)


def twins() -> list[Any]:
    return [jax.tree.map(lambda each, k=k: each + k, plain_parameters()) for k in (0.0, 0.5)]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("step", "arguments", "second"),
    [
        (apart, twins, "q2"),
        (in_one_state, lambda: [dict(zip("ba", twins(), strict=True))], "a"),
        (beside_a_target, lambda: [plain_parameters(), *twins()], "q2"),
        (in_a_tuple, lambda: [tuple(twins())], "#2"),
        (called_as_a_layer, twins, "#2"),
    ],
)
def test_two_networks_of_the_same_shapes_are_told_apart(step, arguments, second, compiled):
    watcher = watch(jax.jit(step) if compiled else step)
    watcher.call(*arguments(), X, Y)
    (sample,) = watcher.take()
    new = apart(*twins(), X, Y)
    for number, old in enumerate(twins()):
        layer = f"{second}/first" if number else "first"
        gradients = of_one(old, X, (1, 100)[number] * Y)
        change = new[number]["first"]["kernel"] - old["first"]["kernel"]
        assert agrees(row_of(sample, layer, "weight", "kernel"), old["first"]["kernel"])
        assert agrees(row_of(sample, layer, "gradient", "kernel"), gradients["first"]["kernel"])
        assert agrees(row_of(sample, layer, "update", "kernel"), change, rtol=1e-4)


def test_calls_of_a_second_network_are_not_said_to_be_missing():
    @jax.jit
    def step(actor: TrainState, critic: TrainState, x: Any) -> Any:
        def loss(parameters: Any, state: TrainState) -> Any:
            return state.apply_fn({"params": parameters}, x, training=False).mean()

        found = [jax.grad(loss)(each.params, each) for each in (actor, critic)]
        return actor.apply_gradients(grads=found[0]), critic.apply_gradients(grads=found[1])

    watcher = watch(step)
    watcher.call(linen_state(), linen_state(), X)
    silent = {each.layer: each.why for each in watcher.silent()}
    assert set(silent) == {"critic/first", "critic/last"}
    assert silent["critic/last"].startswith("its calls are counted as those of last,")


def test_nnx_modules_are_changed_by_their_own_step_alone():
    ends = []
    for call in (nnx_step, (watcher := watch(nnx_step, Rate(every=5))).call):
        model = Module(nnx.Rngs(0))
        optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
        for _ in range(20):
            loss = call(model, optimizer, X, Y)
        ends.append((jax.tree.leaves(nnx.state((model, optimizer), nnx.Not(nnx.RngKey))), loss))
    assert equal(*ends)
    samples = watcher.take()
    assert len(samples) == 4, watcher.notes()
    for layer in ("first", "norm", "drop", "last"):
        assert row_of(samples[-1], layer, "activation")["total"] in (32 * 16, 32)
    assert row_of(samples[-1], "first", "gradient", "kernel")["norm"] > 0
    assert row_of(samples[-1], "first", "update", "kernel")["norm"] > 0
    assert nnx.Linear.__call__.__module__.startswith("flax")


def test_gradients_inside_a_scan_are_seen():
    @jax.jit
    def step(parameters: Any, xs: Any, ys: Any) -> Any:
        def micro(total: Any, batch: Any) -> Any:
            found = jax.grad(loss_of)(parameters, *batch)
            return jax.tree.map(jnp.add, total, found), None

        zero = jax.tree.map(jnp.zeros_like, parameters)
        gradients, _ = jax.lax.scan(micro, zero, (xs, ys))
        return jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients)

    watcher = watch(step)
    watcher.call(plain_parameters(), X.reshape(4, 8, 8), Y.reshape(4, 8, 1))
    (sample,) = watcher.take()
    assert row_of(sample, "first", "gradient", "kernel")["total"] == 4 * 8 * 16


@pytest.mark.parametrize("called_before", [True, False])
def test_compiled_functions_inside_are_seen_and_stay_as_they_are(called_before):
    inner = jax.jit(lambda *given: plain_step(*given))
    step = jax.jit(lambda parameters, x, y: inner(parameters, x, y))
    if called_before:
        inner(plain_parameters(), X, Y)
    watcher = watch(step)
    watcher.call(plain_parameters(), X, Y)
    (sample,) = watcher.take()
    expected = jax.grad(loss_of)(plain_parameters(), X, Y)["first"]["kernel"]
    assert agrees(row_of(sample, "first", "gradient", "kernel"), expected)
    for function in (inner, step):
        assert "callback" not in function.lower(plain_parameters(), X, Y).as_text()


def test_of_gradients_inside_a_compiled_part_it_is_said_how_they_are_seen():
    inner = jax.jit(lambda *given: plain_step(*given))
    watcher = watch(lambda parameters, x, y: inner(parameters, x, y))
    watcher.call(plain_parameters(), X, Y)
    assert "watch that function, or write jax.jit around the step" in watcher.notes()[-1]


@pytest.mark.parametrize("donated", [(), (0,)])
def test_the_module_that_makes_the_first_nan_is_named(donated):
    class Breaks(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return jnp.log(x - 1e6)

    class Broken(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return nn.Dense(1)(Breaks(name="breaks")(nn.Dense(4, name="first")(x)))

    net = Broken()

    @partial(jax.jit, donate_argnums=donated)
    def step(parameters: Any, x: Any) -> Any:
        loss, found = jax.value_and_grad(lambda p: net.apply(p, x).mean())(parameters)
        return jax.tree.map(lambda p, g: p - g, parameters, found), loss

    watcher = watch(step, Rate(every=1000), told := Told())
    watcher.pause()
    watcher.call(net.init(jax.random.key(0), X), X)
    watcher.end()  # a GPU may tell only then
    (culprit,) = told.culprits
    if donated:
        assert (culprit.pass_, culprit.certain) == ("donated", False)
        assert (culprit.what, culprit.count, culprit.total) == ("NaN", 1, 1)
    else:
        assert (culprit.pass_, culprit.layer, culprit.kind) == ("forward", "breaks", "Breaks")
        assert (culprit.what, culprit.count, culprit.step) == ("NaN", 128, 1)
        assert culprit.trail[-1][:2] == ("first", "Dense")


class Last(nn.Module):
    """Its gradient is not finite where its input is zero."""

    slope: Callable[[Any], Any]

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Dense(4, name="first")(x)
        return nn.Dense(1, name="last")(self.slope(x * 0))


@pytest.mark.parametrize(
    ("slope", "loss", "pass_", "layer"),
    [
        pytest.param(jnp.tanh, lambda y: jnp.log(y.mean() * 0 - 1), "loss", "", id="loss"),
        pytest.param(jnp.sqrt, jnp.mean, "backward", "first", id="gradient of a layer"),
        pytest.param(jnp.tanh, lambda y: jnp.sqrt(y * 0).mean(), "result", "", id="of the loss"),
    ],
)
def test_a_nan_behind_the_outputs_is_not_blamed_on_the_first_layer(slope, loss, pass_, layer):
    net = Last(slope)

    @jax.jit
    def step(parameters: Any, x: Any) -> Any:
        value, found = jax.value_and_grad(lambda p: loss(net.apply(p, x)))(parameters)
        size = sum(abs(each).sum() for each in jax.tree.leaves(found))
        return jax.tree.map(lambda p, g: p - g, parameters, found), value, size

    watcher = watch(step, told=(told := Told()))
    watcher.call(net.init(jax.random.key(0), X), X)
    watcher.end()
    (culprit,) = told.culprits
    assert (culprit.pass_, culprit.layer) == (pass_, layer)
    if pass_ == "backward":
        assert (culprit.count, culprit.total, culprit.certain) == (2, 4, False)


class Generator(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        return nn.Dense(8, name="made")(x)


class Critic(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        return nn.Dense(1, name="judged")(nn.Dense(4, name="read")(x))


@pytest.mark.parametrize(
    ("scale", "loss", "pass_", "layer"),
    [
        pytest.param(jnp.nan, jnp.mean, "forward", "made", id="the generator"),
        pytest.param(1.0, lambda y: y.mean() * jnp.nan, "loss", "", id="loss of the critic"),
        pytest.param(1.0, lambda y: jnp.sqrt(y * 0).mean(), "result", "", id="its gradient"),
    ],
)
def test_a_nan_of_one_network_is_not_blamed_on_the_one_that_follows(scale, loss, pass_, layer):
    generator, critic = Generator(), Critic()

    @jax.jit
    def step(made: Any, judged: Any, x: Any) -> Any:
        fake = generator.apply(made, x * scale)
        first, found = jax.value_and_grad(lambda p: loss(critic.apply(p, fake)))(judged)
        judged = jax.tree.map(lambda p, g: p - g, judged, found)
        second, found = jax.value_and_grad(
            lambda p: critic.apply(judged, generator.apply(p, x)).mean()
        )(made)
        return jax.tree.map(lambda p, g: p - g, made, found), judged, first, second

    watcher = watch(step, told=(told := Told()))
    key = jax.random.key(0)
    watcher.call(generator.init(key, X), critic.init(key, X), X)
    watcher.end()
    (culprit,) = told.culprits
    assert (culprit.pass_, culprit.layer) == (pass_, layer)


@pytest.mark.parametrize("compiled", [True, False])
def test_where_no_outputs_are_seen_nothing_is_said_of_them(compiled):
    def step(parameters: Any, x: Any) -> Any:
        loss, found = jax.value_and_grad(lambda p: jnp.log(loss_of(p, x, 0) * 0 - 1))(parameters)
        return jax.tree.map(lambda p, g: p - g, parameters, found), loss

    watcher = watch(jax.jit(step) if compiled else step, told=(told := Told()))
    watcher.call(plain_parameters(), X)
    watcher.end()
    (culprit,) = told.culprits
    assert (culprit.pass_, culprit.layer, culprit.count, culprit.total) == ("result", "", 1, 1)


def nnx_state() -> tuple[Module, nnx.Optimizer]:
    model = Module(nnx.Rngs(0))
    return model, nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)


@pytest.mark.parametrize("argument", ["x", "y"])
@pytest.mark.parametrize(
    ("step", "state"),
    [
        pytest.param(jax.jit(plain_step), lambda: (plain_parameters(),), id="plain"),
        pytest.param(nnx_step, nnx_state, id="nnx"),
    ],
)
def test_an_argument_that_is_not_finite_is_named(step, state, argument):
    watcher = watch(step, Rate(every=1000), told := Told())
    batch = {"x": X, "y": Y}
    watcher.call(*state(), *(batch | {argument: batch[argument].at[3, 0].set(jnp.nan)}).values())
    watcher.end()
    (culprit,) = told.culprits
    assert (culprit.pass_, culprit.layer, culprit.parameter) == ("input", "", argument)
    assert culprit.count == 1


@jax.jit
def scanned_step(parameters: Any, xs: Any, ys: Any) -> Any:
    return jax.lax.scan(lambda state, batch: plain_step(state, *batch), parameters, (xs, ys))


def test_a_nan_among_the_losses_of_a_scan_is_told():
    watcher = watch(scanned_step, Rate(every=1000), told := Told())
    xs, ys = X.reshape(4, 8, 8), Y.reshape(4, 8, 1)
    parameters, _ = watcher.call(plain_parameters(), xs, ys)
    assert not told.culprits
    watcher.call(parameters, xs.at[2, 3, 0].set(jnp.nan), ys)
    watcher.end()
    (culprit,) = told.culprits
    assert (culprit.step, culprit.pass_, culprit.parameter, culprit.count) == (2, "input", "xs", 1)


def test_of_a_nan_that_is_made_in_a_scan_it_is_told_in_which_round():
    @jax.jit
    def step(parameters: Any, xs: Any, ys: Any) -> Any:
        def one_round(state: Any, batch: Any) -> Any:
            state, loss = plain_step(state, *batch)
            return state, loss + jnp.log(1 - batch[1][0, 0])

        return jax.lax.scan(one_round, parameters, (xs, ys))

    watcher = watch(step, Rate(every=1000), told := Told())
    ys = jnp.zeros((4, 8, 1)).at[2, 0, 0].set(1.5)
    watcher.call(plain_parameters(), X.reshape(4, 8, 8), ys)
    watcher.end()
    (culprit,) = told.culprits
    assert (culprit.pass_, culprit.call, culprit.count, culprit.total) == ("result", 3, 1, 4)


def test_what_the_listener_raises_ends_the_training_there():
    watcher = watch(jax.jit(plain_step), EXACT, told := Told(end_after=2))
    parameters, _ = watcher.call(plain_parameters(), X, Y)
    with pytest.raises(EndedHereError):
        watcher.call(parameters, X, Y)
    assert told.steps == [1, 2]


@pytest.mark.parametrize("compiled", [True, False])
def test_a_call_that_fails_raises_its_own_error_and_the_next_one_is_measured(compiled):
    watcher = watch(jax.jit(plain_step) if compiled else plain_step)
    parameters = plain_parameters()
    for _ in range(2):
        with pytest.raises(TypeError, match="dot_general"):
            watcher.call(parameters, X[:, :3], Y)
        parameters, _ = watcher.call(parameters, X, Y)
    assert [sample.step for sample in watcher.take()] == [1, 2]
    assert not [note for note in watcher.notes() if "cannot be measured" in note]


def test_a_step_that_cannot_be_traced_once_more_is_then_only_called():
    traced = []

    @jax.jit
    def step(parameters: Any) -> Any:
        traced.append(parameters)
        if len(traced) == 1:
            raise RuntimeError("not by anybody else")
        return parameters

    watcher = watch(step)
    for _ in range(3):
        assert watcher.call(jnp.ones(2)).shape == (2,)
    assert len(traced) == 2
    assert "cannot be measured (RuntimeError: not by anybody else)" in watcher.notes()[0]


def test_static_arguments_and_python_numbers_are_as_they_were():
    traced = []

    @partial(jax.jit, static_argnames="power")
    def step(parameters: Any, rate: float, power: int = 2) -> Any:
        assert isinstance(power, int)
        traced.append(power)
        return jax.tree.map(lambda p: p - rate * p**power, parameters)

    watcher = watch(step)
    start = plain_parameters()
    for rate in (0.1, 0.2, 0.3):
        assert equal(watcher.call(start, rate, power=3), step(start, rate, power=3))
    assert len(watcher.take()) == 3
    assert traced == [3, 3]  # once to look at it


def test_of_a_step_of_pmap_it_is_said_what_is_measured():
    step = jax.pmap(plain_step)
    watcher = watch(step)
    watcher.call(*jax.tree.map(lambda each: each[None], (plain_parameters(), X, Y)))
    (sample,) = watcher.take()
    assert {row.quantity for row in sample.rows} == {"weight", "update"}
    assert [note.split(",")[0] for note in watcher.notes()] == [
        "The step is compiled by another than jax.jit"
    ]


def test_a_watched_step_is_called_as_it_was():
    assert is_step(plain_step)
    assert is_step(linen_step)
    assert not is_step(Net)
    watcher = JaxWatcher(plain_step, (), EXACT)

    def begin(watcher: JaxWatcher) -> str:
        assert [layer.name for layer in watcher.layers] == ["first", "last"]
        watcher.begin(Told())
        return "session"

    watched = WatchedStep(plain_step, watcher, begin)
    assert watched.__name__ == "plain_step"
    assert watched.session is None
    assert equal(watched(plain_parameters(), X, Y), plain_step(plain_parameters(), X, Y))
    assert watched.session == "session"
    watcher.end()
    watched(plain_parameters(), X, Y)
    assert watcher.steps == 1


def test_layers_are_known_before_the_first_step():
    watcher = watch(linen_step)
    state, key = linen_state(), jax.random.key(1)
    watcher.prepare(state, X, Y, key)
    assert {layer.name for layer in watcher.layers} == {"", "first", "last", "Dropout_0"}
    assert not watcher.take()
    assert not any(each.is_deleted() for each in jax.tree.leaves(state.params))
