"""Models of Keras on TensorFlow, trained by ``fit`` and by loops of the user's own."""

from __future__ import annotations

import copy
import os
import pickle

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # before Keras is imported

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import dlmagic
from dlmagic.magics.watch.keras.watcher import KerasWatcher, is_model
from dlmagic.magics.watch.sample_result import EDGES, STATISTICS, Sample
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.hearing import EndedHereError, Told

EVERY = Rate(every=1, exact=True)
X = np.random.default_rng(0).normal(size=(110, 20)).astype(np.float32)
Y = X[:, :1] * 2


def new_model(**settings: Any) -> Any:
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((20,)),
        keras.layers.Dense(16, activation="relu", name="first"),
        keras.layers.Dropout(0.3, name="drop"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(1, name="last"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "mse", **settings)
    return model


def two_layers(**settings: Any) -> Any:
    """A model whose step is traced sooner, for whatever does not depend on its layers."""
    keras.utils.set_random_seed(0)
    first = keras.layers.Dense(16, activation="relu", name="first")
    model = keras.Sequential([keras.Input((20,)), first, keras.layers.Dense(1, name="last")])
    model.compile("adam", "mse", **settings)
    return model


@contextmanager
def watched(model: Any, rate: Rate = EVERY, told: Told | None = None) -> Iterator[KerasWatcher]:
    watcher = KerasWatcher(model, (), rate)
    watcher.begin(told or Told())
    try:
        yield watcher
    finally:
        watcher.end()


def fit(model: Any, epochs: int = 1) -> None:
    model.fit(X, Y, epochs=epochs, batch_size=22, verbose=0, shuffle=False)


def state_of(model: Any) -> list[Any]:
    return [each.numpy() for each in (*model.variables, *model.optimizer.variables)]


def equal(first: Any, second: Any) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def row_of(sample: Sample, layer: str, quantity: str, parameter: str = "") -> dict[str, float]:
    wanted = (layer, quantity, parameter)
    at = [(row.layer, row.quantity, row.parameter) for row in sample.rows].index(wanted)
    return dict(zip(STATISTICS, map(float, sample.values[at]), strict=True))


def agrees(row: dict[str, float], values: Any) -> bool:
    values = np.asarray(values, np.float64).ravel()
    known = {
        "mean": values.mean(),
        "std": values.std(),
        "norm": np.linalg.norm(values),
        "min": values.min(),
        "max": values.max(),
        "zeros": (values == 0).mean(),
        "seen": values.size,
    }
    scale = np.abs(values).max()
    return all(abs(row[name] - known[name]) <= 1e-5 * max(scale, known[name]) for name in known)


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}, {"steps_per_execution": 3}])
def test_training_is_the_same_bit_by_bit(settings):
    epochs = 2 if settings.get("run_eagerly") else 10  # eagerly it takes ten times as long
    plain = new_model(**settings)
    fit(plain, epochs)
    generators = keras.random.uniform((2,)), np.random.random()
    model = new_model(**settings)
    with watched(model, Rate(every=4), told := Told()) as watcher:
        fit(model, epochs)
    assert equal(state_of(plain), state_of(model))
    assert np.array_equal(generators[0], keras.random.uniform((2,)))
    assert generators[1] == np.random.random()
    assert watcher.steps == 5 * epochs
    assert told.steps[-1] == 5 * epochs
    assert watcher.take()
    assert not told.culprits


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}])
def test_statistics_are_those_of_numpy(settings):
    model = new_model(**settings)
    kernel = model.get_layer("first").kernel
    before = kernel.numpy()
    with watched(model) as watcher:
        model.fit(X[:22], Y[:22], batch_size=22, verbose=0)
    (sample,) = watcher.take()
    assert agrees(row_of(sample, "first", "weight", "kernel"), before)
    assert agrees(row_of(sample, "first", "update", "kernel"), kernel.numpy() - before)
    output = np.maximum(X[:22].astype(np.float64) @ before, 0)
    assert agrees(row_of(sample, "first", "activation"), output)
    place = next(at for at, row in enumerate(sample.rows) if row.quantity == "weight")
    expected = np.bincount(
        np.searchsorted(EDGES, before.ravel(), "right"), minlength=len(EDGES) + 1
    )
    assert (sample.histograms[place] == expected).all()
    assert sample.rows[1].shape == (22, 16)
    update = row_of(sample, "first", "update", "kernel")
    assert update["ratio"] == pytest.approx(update["norm"] / np.linalg.norm(before), rel=1e-4)


def test_all_values_are_looked_at_where_no_length_is_known_beforehand():
    """Of a last batch that is smaller, and of the gradients of a table, which are sparse."""
    layers = [keras.Input((5,)), keras.layers.Embedding(50, 8, name="table")]
    model = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    table = model.weights[0]
    places = np.random.default_rng(0).integers(0, 50, (110, 5))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(places[100:]) - Y[100:]) ** 2)
    gradient = tf.convert_to_tensor(tape.gradient(loss, table.value))
    with watched(model) as watcher:
        model.fit(places, Y, batch_size=100, verbose=0, shuffle=False)
    sample = watcher.take()[-1]
    assert agrees(row_of(sample, "table", "activation"), table.numpy()[places[100:]])
    assert agrees(row_of(sample, "table", "gradient", "embeddings"), gradient)
    assert agrees(row_of(sample, "table", "weight", "embeddings"), table)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_gradients_whose_sum_alone_is_beyond_the_range_are_finite(run_eagerly):
    """Beside a mask, whose infinities are no mistake."""
    mask = keras.layers.Lambda(lambda x: keras.ops.where(x > 0, x, -np.inf), name="mask")
    last = keras.layers.Dense(2, use_bias=False, name="dense")
    model = keras.Sequential([keras.Input((2,)), mask, keras.layers.Softmax(), last])
    model.compile(
        keras.optimizers.SGD(1e-40),
        lambda _, given: 2e38 * keras.ops.sum(given, axis=-1),
        run_eagerly=run_eagerly,
    )
    x = np.array([[1.0, -1.0]], np.float32)
    with watched(model, told=(told := Told())) as watcher:
        model.fit(x, x, verbose=0)
        (sample,) = watcher.take()
    assert row_of(sample, "dense", "gradient", "kernel")["max"] == pytest.approx(2e38)
    assert not told.culprits


def test_gradients_are_those_of_the_tape_and_losses_those_of_the_batches():
    model = two_layers()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(X[:22], training=True) - Y[:22]) ** 2)
    expected = tape.gradient(loss, model.trainable_weights)
    again = two_layers()
    with watched(again) as watcher:
        again.fit(X[:22], Y[:22], batch_size=22, verbose=0)
    (sample,) = watcher.take()
    assert agrees(row_of(sample, "first", "gradient", "kernel"), expected[0].numpy())
    assert watcher.losses() == [(1, pytest.approx(float(loss), rel=1e-5))]


def loop(model: Any, optimizer: Any, traced: bool, steps: int = 6) -> None:
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    run = tf.function(step) if traced else step
    for _ in range(steps):
        run(tf.constant(X[:22]), tf.constant(Y[:22]))


@pytest.mark.parametrize("traced", [True, False])
def test_a_loop_of_the_users_own_is_watched(traced):
    states = []
    for watching in (False, True):
        model, optimizer = new_model(), keras.optimizers.Adam()
        if watching:
            with watched(model, Rate(every=2), told := Told()) as watcher:
                loop(model, optimizer, traced)
            assert told.steps == [1, 2, 3, 4, 5, 6]
            assert [each.step for each in watcher.take()] == [1, 3, 5]
        else:
            loop(model, optimizer, traced)
        states.append([each.numpy() for each in (*model.variables, *optimizer.variables)])
    assert equal(*states)


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}])
def test_what_the_listener_raises_ends_fit_after_that_step(settings):
    model = two_layers(**settings)
    with watched(model, EVERY, told := Told(end_after=3)), pytest.raises(EndedHereError):
        fit(model)
    assert told.steps == [1, 2, 3]
    assert int(model.optimizer.iterations) == 3
    fit(model)  # as if nothing had been


class Pair(keras.Model):  # type: ignore[misc]
    """Two layers with an optimiser each, as the two networks of a GAN have."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [keras.layers.Dense(1, name=name) for name in ("first", "second")]
        self.optimizers = [keras.optimizers.SGD(0.01), keras.optimizers.Adam()]

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        for part, optimizer in zip(self.parts, self.optimizers, strict=True):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((part(x) - y) ** 2)
            weights = part.trainable_variables
            gradients = tape.gradient(loss, weights)
            optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return {"loss": loss}


SHARING: list[dict[str, Any]] = [
    {},
    {"steps_per_execution": 5},
    {"jit_compile": True},
    {"run_eagerly": True},
]


@pytest.mark.parametrize("settings", SHARING)
def test_two_optimisers_in_one_train_step_share_a_step(settings):
    x, compiled = X.copy(), settings.get("jit_compile")
    x[-1] = 0 if compiled else np.nan  # nobody looks for it in what XLA compiles
    model = Pair()
    model.compile(**settings)
    with watched(model, EVERY, told := Told()) as watcher:
        model.fit(x, Y, batch_size=22, verbose=0, shuffle=False)
    assert watcher.steps == told.steps[-1] == 5
    sample = watcher.take()[-1]
    rows = {(row.layer, row.quantity) for row in sample.rows if row.parameter == "kernel"}
    quantities = ("weight", "update") if compiled else ("gradient", "weight", "update")
    assert rows == {(layer, each) for layer in ("first", "second") for each in quantities}
    assert [(each.step, each.layer) for each in told.culprits] == (
        [] if compiled else [(5, "first")]
    )


class Breaks(keras.layers.Layer):
    """Passes its input on, until it has been called so often in training."""

    def call(self, inputs: Any) -> Any:
        return inputs / (1 - tf.cast(tf.reduce_max(tf.abs(inputs)) > 1e3, tf.float32))


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}])
def test_the_layer_that_makes_the_first_nan_is_named(settings):
    keras.utils.set_random_seed(0)
    first, breaks = keras.layers.Dense(4, name="first"), Breaks(name="breaks")
    model = keras.Sequential([keras.Input((20,)), first, breaks, keras.layers.Dense(1)])
    model.compile("sgd", "mse", **settings)
    x = np.concatenate([X[:44], np.full((22, 20), 1e4, np.float32), X[:22]])
    with watched(model, Rate(every=1000), told := Told()):
        model.fit(x, x[:, :1] * 0, batch_size=22, verbose=0, shuffle=False)
    culprit = told.culprits[0]
    assert (culprit.pass_, culprit.layer, culprit.kind) == ("forward", "breaks", "Breaks")
    assert culprit.step == 3
    assert culprit.what in ("Inf", "NaN and Inf")
    assert culprit.certain
    assert [layer for layer, *_ in culprit.trail][-1] == "first"


def test_a_batch_that_is_not_finite_is_named_before_all_layers():
    model = two_layers()
    x = X[:66].copy()
    x[30, 3] = np.nan
    with watched(model, Rate(every=1000), told := Told()):
        model.fit(x, Y[:66], batch_size=22, verbose=0, shuffle=False)
    assert (told.culprits[0].pass_, told.culprits[0].step) == ("input", 2)
    assert (told.culprits[0].count, told.culprits[0].total) == (1, 440)


def test_a_gradient_that_is_not_finite_is_one_of_the_backward_pass():
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, name="root")])
    model.compile("sgd", lambda _, y: tf.reduce_mean(tf.sqrt(y * 0)))
    with watched(model, EVERY, told := Told()):
        model.fit(X[:22], Y[:22], batch_size=22, verbose=0)
    culprit = told.culprits[0]
    assert (culprit.pass_, culprit.layer, culprit.certain) == ("backward", "root", False)
    assert (culprit.count, culprit.total) == (2, 2)  # the gradients of kernel and bias


def test_nothing_of_the_model_shows_that_it_is_watched():
    model = new_model()
    fit(model)
    attributes = {id(each): dict(vars(each)) for each in (model, *model.layers)}
    config = model.get_config()
    kind, apply = keras.optimizers.Optimizer, keras.optimizers.Optimizer.apply
    with watched(model) as watcher:
        fit(model)
        assert model.get_config() == config
        for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert "call" not in vars(copied.get_layer("first"))
            assert equal(copied.get_weights(), model.get_weights())
        assert "call" not in vars(keras.models.clone_model(model).get_layer("first"))
    watcher.end()
    assert kind.apply is apply
    for each in (model, *model.layers):
        assert vars(each).keys() == attributes[id(each)].keys()
        assert "call" not in vars(each)
    fit(model)
    assert watcher.steps == 5


class AfterBatches(keras.callbacks.Callback):
    """Calls a function each, after the batches with these numbers."""

    def __init__(self, functions: dict[int, Callable[[], object]]) -> None:
        super().__init__()
        self._functions = functions

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._functions.get(batch, bool)()


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}])
def test_watching_begins_and_ends_while_fit_runs(settings):
    plain = two_layers(**settings)
    fit(plain)
    model = two_layers(**settings)
    watcher, told = KerasWatcher(model, (), EVERY), Told()
    both = AfterBatches({1: lambda: watcher.begin(told), 3: watcher.end})
    model.fit(X, Y, batch_size=22, verbose=0, shuffle=False, callbacks=[both])
    assert equal(state_of(plain), state_of(model))
    assert told.steps == [1, 2]
    assert [each.step for each in watcher.take()] == [1, 2]
    fit(model)
    assert watcher.steps == 2


def test_layers_are_chosen_while_fit_runs():
    model = two_layers()
    watcher = KerasWatcher(model, ("last",), EVERY)

    class Choosing(Told):
        def step_ended(self, step: int) -> None:
            super().step_ended(step)
            if step == 2:
                watcher.choose(("first",))

    watcher.begin(told := Choosing())
    fit(model)
    watcher.end()
    layers = [{row.layer for row in sample.rows} for sample in watcher.take()]
    assert layers[0] == {"last"}
    assert layers[-1] == {"first"}
    assert len(told.steps) == 5


def test_paused_steps_are_counted_and_not_measured():
    model = two_layers()
    with watched(model) as watcher:
        watcher.pause()
        fit(model)
        assert watcher.steps == 5
        before = len(watcher.take())
        watcher.resume()
        fit(model)
        assert before <= 1
        assert len(watcher.take()) >= 4


def test_layers_have_paths_and_shared_ones_several():
    shared = keras.layers.Dense(4, name="shared")
    inner = keras.Sequential(
        [keras.Input((4,)), shared, keras.layers.ReLU(name="relu")], name="inner"
    )
    inputs = keras.Input((4,))
    model = keras.Model(inputs, inner(shared(inputs)))
    model.compile("sgd", "mse")
    with watched(model) as watcher:
        model.fit(X[:22, :4], X[:22, :4], batch_size=22, verbose=0)
    names = {layer.name: layer for layer in watcher.layers}
    assert {"", "inner", "inner/relu"} <= names.keys()
    (path,) = [name for name, layer in names.items() if layer.parameters == 20]
    assert {path, *names[path].also} == {"shared", "inner/shared"}
    (sample,) = watcher.take()
    place = [(row.layer, row.quantity) for row in sample.rows].index((path, "activation"))
    assert sample.calls[place] == 2


def test_a_cell_inside_a_loop_is_silent_and_says_why():
    model = keras.Sequential([keras.Input((5, 4)), keras.layers.LSTM(3, name="lstm")])
    model.compile("sgd", "mse")
    with watched(model) as watcher:
        model.fit(X[:22, :20].reshape(22, 5, 4), X[:22, :3], batch_size=22, verbose=0)
    (sample,) = watcher.take()
    assert row_of(sample, "lstm/lstm_cell", "gradient", "kernel")["total"] == 4 * 12
    (silent,) = watcher.silent()
    assert (silent.layer, "loop" in silent.why) == ("lstm/lstm_cell", True)


@pytest.mark.parametrize(
    ("layer", "activation"),
    [
        (keras.layers.SimpleRNN(8, return_sequences=True), "tanh"),
        (keras.layers.LSTM(8), ""),
        (keras.layers.TimeDistributed(keras.layers.Dense(8)), ""),
    ],
)
def test_what_a_loop_of_cells_returns_is_seen(layer, activation):
    outer = [keras.Input((5, 4)), layer, keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential(outer)
    model.compile("sgd", "mse")
    with dlmagic.watch(model, every=1) as session:
        model.fit(X[:22, :20].reshape(22, 5, 4), Y[:22], batch_size=22, verbose=0)
    rows = {(row.layer, row.quantity): row for row in session.past.rows}
    assert rows[layer.name, "activation"].activation == activation


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}])
def test_steps_that_only_add_gradients_up_have_no_updates(settings):
    model = two_layers(**settings)
    model.compile(keras.optimizers.SGD(0.1, gradient_accumulation_steps=5), "mse", **settings)
    with watched(model) as watcher:
        fit(model, epochs=2)
    samples = watcher.take()
    assert [sample.step for sample in samples] == list(range(1, 11))
    updated = [each.step for each in samples if "update" in {row.quantity for row in each.rows}]
    assert updated == [5, 10]
    assert any("before the optimiser adds them up" in note for note in watcher.notes())


def test_scaled_gradients_are_seen_as_they_are():
    norms = []
    for dtype in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(dtype)
        try:
            model = two_layers()
        finally:
            keras.config.set_dtype_policy("float32")
        with watched(model) as watcher:
            fit(model)
        assert watcher.steps + watcher.skipped == 5
        norms.append(row_of(watcher.take()[0], "last", "gradient", "kernel")["norm"])
    assert norms[0] == pytest.approx(norms[1], rel=0.5)  # and not 2 ** 15 times as much


def test_what_xla_compiles_is_measured_from_outside():
    plain = new_model(jit_compile=True)
    fit(plain)
    model = new_model(jit_compile=True)
    kernel = model.get_layer("first").kernel
    with watched(model) as watcher:
        fit(model)
        before = kernel.numpy()
        watcher.take()
        model.fit(X[:22], Y[:22], batch_size=22, verbose=0, shuffle=False)
    (sample,) = watcher.take()
    assert agrees(row_of(sample, "first", "update", "kernel"), kernel.numpy() - before)
    assert {row.quantity for row in sample.rows} == {"weight", "update"}
    assert "XLA" in watcher.notes()[0]
    assert not watcher.silent()  # of no layer is it known whether it was called
    plain.fit(X[:22], Y[:22], batch_size=22, verbose=0, shuffle=False)
    assert equal(state_of(plain), state_of(model))


def test_dead_units_are_told_after_some_samples():
    model = two_layers()
    layer = model.get_layer("first")
    layer.bias.assign([-1e3] * 4 + [0.0] * 12)
    with watched(model, Rate(every=1)) as watcher:
        fit(model)
    assert row_of(watcher.take()[-1], "first", "activation")["dead"] == 0.25


@pytest.mark.parametrize(("groups", "expected"), [(8, 8), (-1, 8), (2, 2)])
def test_in_how_many_groups_a_layer_normalises_is_told(groups: int, expected: int) -> None:
    layers = [
        keras.layers.Dense(8, name="first"),
        keras.layers.GroupNormalization(groups, name="norm"),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((20,)), *layers])
    model.compile("sgd", "mse")
    with watched(model, Rate(every=1)) as watcher:
        fit(model)
    rows = watcher.take()[-1].rows
    assert {row.layer: row.groups for row in rows if row.groups} == {"norm": expected}


def test_what_a_hidden_layer_ends_with_is_told():
    """Two outputs are saturated where the model is sure, and gates follow the tanh of an LSTM."""
    given = keras.Input((5, 4))
    hidden = keras.layers.Dense(3, activation="tanh", name="hidden")(
        keras.layers.LSTM(3, name="lstm")(given)
    )
    ends = [keras.layers.Dense(1, activation="sigmoid", name=name)(hidden) for name in "ab"]
    model = keras.Model(given, ends)
    model.compile("sgd", ["mse", "mse"])
    with watched(model) as watcher:
        model.fit(X[:22, :20].reshape(22, 5, 4), [Y[:22], Y[:22]], batch_size=22, verbose=0)
    (sample,) = watcher.take()
    assert {row.layer: row.activation for row in sample.rows if row.activation} == {
        "hidden": "tanh"
    }


class Tied(keras.Model):  # type: ignore[misc]
    """Has a layer, and two weights of its own, one from the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.first = keras.layers.Dense(4, name="first")
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def build(self, shape: Any) -> None:
        self.first.build(shape)
        self.out = self.add_weight(shape=(4, 1), initializer="ones", name="out")

    def call(self, inputs: Any) -> Any:
        return keras.ops.matmul(self.first(inputs), self.out) * self.scale


class Late(Tied):
    """Has no weights of its own before it is built."""

    def __init__(self) -> None:
        keras.Model.__init__(self)
        self.first, self.scale = keras.layers.Dense(4, name="first"), 1.0


@pytest.mark.parametrize(("kind", "built"), [(Tied, True), (Tied, False), (Late, False)])
def test_weights_of_the_model_itself_are_its_own(kind: type[Any], built: bool) -> None:
    model = kind()
    model.compile("sgd", "mse")
    if built:
        model(X[:1])
    with dlmagic.watch(model, every=1) as session:
        fit(model)
    rows = {(row.layer, row.parameter) for row in session.result().rows}
    assert rows >= {("", "out"), ("first", "kernel"), ("first", "bias")}
    assert (("", "scale") in rows) == (kind is Tied)


def test_what_is_a_model():
    assert is_model(new_model())
    assert not is_model(keras.layers.Dense(1))
    assert not is_model(keras.Sequential)
