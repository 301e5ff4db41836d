"""What a cell of Keras changes is put back: after runs, errors and interrupts, bit by bit."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlmagic import bench


@pytest.fixture
def changed_by(trial, state_of):
    """What of a model is not as it was, once a cell has run twice and was put back."""

    def run(text, model, **names):
        before = state_of(model)
        step = trial(text, model=model, **names)
        step.run()
        step.start.restore()
        after = state_of(model)
        return [
            name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
        ]

    return run


class Block(keras.layers.Layer):
    """A layer of one's own around another."""

    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(3)
        self.calls = 0

    def call(self, inputs):
        return self.inner(inputs)


class Subclassed(keras.Model):
    """A model without a given input shape, which the first run builds."""

    def __init__(self):
        super().__init__()
        self.blocks = [Block(), Block()]
        self.out = keras.layers.Dense(1)
        self.seen = keras.metrics.Mean(name="seen")

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.out(inputs)

    def train_step(self, data):
        self.seen.update_state(1.0)
        return {**super().train_step(data), "seen": self.seen.result()}


def functional():
    inputs = keras.Input((4,), name="features")
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(8)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    model.compile(optimizer="adam", loss="mse")
    return model


def sequential():
    return compiled(keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(1)]))


def subclassed():
    return compiled(Subclassed())


def compiled(model, **options):
    model.compile(optimizer="adam", loss="mse", metrics=["mae"], **options)
    return model


@pytest.mark.parametrize("make", [functional, sequential, subclassed])
@pytest.mark.parametrize("trained", [False, True])
def test_a_fit_is_undone(make, trained, changed_by, data):
    model = make()
    if trained:
        model.fit(**data, verbose=0)
    assert changed_by("model.fit(x, y, verbose=0)", model, **data) == []


def test_a_model_that_the_first_run_builds_is_unbuilt_again_and_can_be_built_otherwise(
    changed_by, data
):
    model = sequential()
    assert changed_by("model.fit(x, y, verbose=0)", model, **data) == []
    assert not model.built
    assert model.weights == []
    model.fit(np.ones((8, 2), np.float32), np.ones((8, 1), np.float32), verbose=0)
    assert model.layers[0].kernel.shape == (2, 8)


def test_callbacks_and_schedules_are_put_back(changed_by, data):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = compiled(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
    model.compile(optimizer=keras.optimizers.SGD(schedule, momentum=0.9), loss="mse")
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=1, restore_best_weights=True)
    before = dict(vars(stop))
    text = "model.fit(x, y, epochs=3, callbacks=[stop], verbose=0)"
    assert changed_by(text, model, stop=stop, **data) == []
    assert vars(stop) == before


def test_a_learning_rate_that_a_callback_sets_is_put_back(changed_by, data):
    model = functional()
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
    text = (
        "halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)\n"
        "model.fit(x, y, callbacks=[halve], verbose=0)"
    )
    assert changed_by(text, model, keras=keras, **data) == []
    assert float(model.optimizer.learning_rate.value) == 0.5


def test_an_adapted_normalisation_is_put_back(trial, data):
    layer = keras.layers.Normalization()
    layer.adapt(data["x"])
    mean = np.array(layer.mean)
    step = trial("layer.adapt(x * 2)", layer=layer, **data)
    assert not np.array_equal(layer.mean, mean)
    step.start.restore()
    assert np.array_equal(layer.mean, mean)


def test_mixed_precision_with_its_loss_scale_is_put_back(changed_by, data):
    layers = [keras.Input((4,)), keras.layers.Dense(1, dtype="mixed_float16")]
    model = keras.Sequential(layers)
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), dynamic_growth_steps=1
    )
    model.compile(optimizer=optimizer, loss="mse")
    assert changed_by("model.fit(x, y, verbose=0)", model, **data) == []


def test_weights_that_the_cell_loads_and_freezes_are_put_back(changed_by):
    model = functional()
    text = (
        "model.set_weights([w * 0 for w in model.get_weights()])\n"
        "model.layers[1].trainable = False\n"
        "model.compile(optimizer='sgd', loss='mae', run_eagerly=True)"
    )
    assert changed_by(text, model) == []
    assert model.layers[1].trainable
    assert type(model.optimizer).__name__ == "Adam"


def test_global_settings_are_put_back(trial):
    settings = (keras.config.floatx(), keras.config.epsilon(), keras.config.dtype_policy().name)
    name = keras.layers.Dense(1).name
    text = (
        "keras.config.set_floatx('float64')\n"
        "keras.config.set_epsilon(1e-3)\n"
        "keras.config.set_dtype_policy('mixed_bfloat16')\n"
        "keras.config.disable_interactive_logging()\n"
        "keras.layers.Dense(1).name"
    )
    step = trial(text, keras=keras)
    first = step.cell.split(step.run_once({}))[1]
    assert step.cell.split(step.run_once({}))[1] == first
    step.start.restore()
    now = (keras.config.floatx(), keras.config.epsilon(), keras.config.dtype_policy().name)
    assert now == settings
    assert keras.config.is_interactive_logging_enabled()
    assert number_of(keras.layers.Dense(1).name) == number_of(name) + 1


def number_of(name):
    return int(name.partition("_")[2] or 0)


def test_a_cleared_session_comes_back(trial):
    keras.layers.Dense(1)
    before = number_of(keras.layers.Dense(1).name)
    step = trial("keras.utils.clear_session(free_memory=False)", keras=keras)
    step.start.restore()
    assert number_of(keras.layers.Dense(1).name) == before + 1


def test_the_global_seed_draws_the_same_again(trial):
    keras.random.normal((1,))
    step = trial("keras.random.normal((3,))", keras=keras)
    first, second = (np.asarray(step.cell.split(step.run_once({}))[1]) for _ in range(2))
    assert np.array_equal(first, second)


class Interrupting(keras.callbacks.Callback):
    """Raises in the middle of an epoch."""

    def __init__(self, error, batch=1):
        super().__init__()
        self.error, self.batch = error, batch

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.batch:
            raise self.error


@pytest.mark.parametrize("make", [functional, subclassed])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("stop")])
def test_state_is_put_back_after_an_interrupt_and_an_error(make, error, state_of, data):
    model = make()
    before = state_of(model)
    names = {"model": model, "callback": Interrupting(error), "__name__": "__main__", **data}
    kept = dict(names)
    with pytest.raises(type(error)):
        bench("model.fit(x, y, callbacks=[callback], verbose=0)", namespace=names, time=0.1)
    after = state_of(model)
    assert [name for name in before if before[name] != after[name]] == []
    del names["__builtins__"]  # Python adds it to what it runs in
    assert names.keys() == kept.keys()
    assert all(names[name] is kept[name] for name in kept)


def test_a_model_keeps_learning_as_if_nothing_had_been_measured(data):
    losses = []
    for measured in (False, True):
        keras.utils.set_random_seed(0)
        model = functional()
        if measured:
            names = {"model": model, "__name__": "__main__", **data}
            bench("model.fit(x, y, verbose=0)", namespace=names, modes=["graph"], time=0.05)
        losses.append(model.fit(**data, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]
