"""The modes on TensorFlow: real training in each, the same answers, everything put back."""

from __future__ import annotations

import os

import keras
import numpy as np
import pytest

from dlmagic import bench
from dlmagic.errors import ModeError, ModeUnavailable
from dlmagic.frameworks.keras.modes import modes_on, switches_for

MODES = ("eager", "graph", "xla")
CALLS = {
    "fit": "model.fit(x, y, epochs=2, validation_split=0.25)",
    "evaluate": "model.evaluate(x, y)",
    "predict": "model.predict(x)",
    "train_on_batch": "model.train_on_batch(x, y)",
    "test_on_batch": "model.test_on_batch(x, y)",
    "predict_on_batch": "model.predict_on_batch(x)",
}
IN_TESTS = ("fit", "predict", "test_on_batch")
"""Each builds another of a model's functions; the others only under ``make prove``."""


def proven():
    return [
        pytest.param(method, marks=[] if method in IN_TESTS else [pytest.mark.prove])
        for method in CALLS
    ]


SEEN: list[object] = []
"""What callbacks and models note; not among what a cell reaches, so never put back."""


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


def numbers(answer):
    if isinstance(answer, keras.callbacks.History):
        return np.array(list(answer.history.values()))
    return np.asarray(answer)


@pytest.mark.parametrize("method", proven())
def test_every_mode_computes_the_same_and_leaves_the_model_as_it_was(
    method, trial, model, data, state_of
):
    model.fit(**data, verbose=0)
    before = state_of(model)
    step = trial(CALLS[method], model=model, **data)
    answers = [numbers(step.call(step.prepare(mode))) for mode in MODES]
    step.start.restore()
    after = state_of(model)
    assert [name for name in before if before[name] != after[name]] == []
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], rtol=2e-4, atol=1e-6)


def test_each_mode_runs_what_it_says(trial, model, data):
    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            SEEN.append((self.model.run_eagerly, self.model.jit_compile))

    step = trial(
        "model.fit(x, y, callbacks=[watch], verbose=0)", model=model, watch=Watch(), **data
    )
    for mode, settings in zip(MODES, [(True, False), (False, False), (False, True)], strict=True):
        SEEN.clear()
        step.call(step.prepare(mode))
        assert set(SEEN) == {settings}
    assert (model.run_eagerly, model.jit_compile) == (False, False)


def test_python_code_of_a_step_runs_in_every_batch_only_in_eager(trial, data):
    class Noted(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

        def train_step(self, data):
            SEEN.append(1)
            return super().train_step(data)

    model = Noted()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(**data, verbose=0)
    step = trial("model.fit(x, y)", model=model, **data)
    for mode, batches in (("eager", 3), ("graph", 0), ("xla", 0)):
        prepared = step.prepare(mode)
        step.call(prepared)
        SEEN.clear()
        step.call(prepared)
        assert len(SEEN) == batches


def test_a_mode_builds_its_functions_once_however_the_modes_take_turns(trial, model, data):
    step = trial("model.fit(x, y)", model=model, **data)
    prepared = {mode: step.prepare(mode) for mode in MODES}
    with step.framework._behind.counting():
        for each in prepared.values():
            step.call(each)
        before = dict(step.framework.events())
        for each in [*prepared.values()] * 2:
            step.call(each)
        assert dict(step.framework.events()) == before


def test_a_model_that_was_trained_before_keeps_its_own_function(trial, model, data):
    model.fit(**data, verbose=0)
    own = model.train_function
    step = trial("model.train_on_batch(x, y)", model=model, **data)
    for mode in MODES:
        step.call(step.prepare(mode))
        assert model.train_function is own


def test_settings_of_the_user_are_put_back(trial, model, data):
    model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    step = trial("model.fit(x, y)", model=model, **data)
    step.call(step.prepare("graph"))
    assert model.run_eagerly
    assert not model.jit_compile


def test_models_in_containers_and_helpers_take_the_mode(trial, model, data):
    class Watch(keras.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            SEEN.append(self.model.run_eagerly)

    names = {"parts": {"first": [model]}, "watch": Watch(), **data}
    step = trial("parts['first'][0].evaluate(x, y, callbacks=[watch])", **names)
    prepared = step.prepare("eager")
    SEEN.clear()
    step.call(prepared)
    assert set(SEEN) == {True}


def test_a_model_that_the_cell_makes_takes_the_mode_and_the_user_is_told(trial, data):
    text = (
        "model = keras.Sequential([keras.layers.Dense(1)])\n"
        "model.compile(optimizer='sgd', loss='mse')\n"
        "model.fit(x, y)\n"
        "(model.run_eagerly, model.jit_compile)"
    )
    step = trial(text, keras=keras, **data)
    for mode, settings in zip(MODES, [(True, False), (False, False), (False, True)], strict=True):
        prepared = step.prepare(mode)
        assert step.call(prepared) == settings
        told = [finding.kind for finding in prepared.findings]
        assert told == ([] if mode == "eager" else ["compiled-in-cell"])  # eager builds nothing


def test_the_class_of_models_is_left_as_it_was(trial, model, data):
    names = ("fit", "evaluate", "predict", "train_on_batch")
    before = {name: getattr(keras.Model, name) for name in names}
    own = {name for name in names if name in vars(keras.Model)}
    step = trial("model.fit(x, y)", model=model, **data)
    step.call(step.prepare("graph"))
    assert {name: getattr(keras.Model, name) for name in names} == before
    assert {name for name in names if name in vars(keras.Model)} == own


@pytest.mark.parametrize("verbose", ["", ", verbose=2"])
def test_nothing_is_shown_while_time_is_taken(verbose, trial, model, data, capfd):
    text = f"model.fit(x, y{verbose})\nmodel.evaluate(x, y{verbose})\nmodel.predict(x{verbose})"
    step = trial(text, model=model, **data)
    capfd.readouterr()
    step.call(step.prepare("eager"))
    assert capfd.readouterr().out == ""


def test_what_goes_past_python_is_not_shown_either(trial, model, data, capfd):
    class Loud(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            os.write(2, b"Compiled cluster using XLA!")

    step = trial("model.evaluate(x, y, callbacks=[loud])", model=model, loud=Loud(), **data)
    prepared = step.prepare("graph")
    capfd.readouterr()
    step.call(prepared)
    assert capfd.readouterr().err == ""
    os.write(2, b"back")
    assert capfd.readouterr().err == "back"


def test_verbose_as_a_position_is_silenced_too(trial, model, data, capfd):
    step = trial("model.fit(x, y, 32, 1, 1)", model=model, **data)
    capfd.readouterr()
    step.call(step.prepare("eager"))
    assert capfd.readouterr().out == ""


def test_layers_that_cannot_be_compiled_make_xla_unavailable(trial, data):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.layers[0].supports_jit = False
    model.compile(optimizer="sgd", loss="mse")
    step = trial("model.fit(x, y)", model=model, **data)
    with pytest.raises(ModeUnavailable, match="model has a layer"):
        step.prepare("xla")


@pytest.mark.parametrize("text", ["model.evaluate(x, y)", "h = model.train_on_batch(x, y)"])
def test_a_benchmark_finds_that_all_modes_agree(text, model, data):
    names = {"model": model, "__name__": "__main__", **data}
    result = bench(text, namespace=names, modes=MODES, time=0.05)
    for mode in MODES:
        assert (result[mode].status, result[mode].agrees) == ("ok", True)
        assert "recompile" not in [finding.kind for finding in result[mode].findings]


def test_a_model_that_differs_is_found_by_the_name_of_its_variable(model, data):
    class Drifting(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            if self.model.run_eagerly:
                self.model.layers[0].kernel.assign_add(np.ones((4, 8)))

    names = {"model": model, "drifting": Drifting(), "__name__": "__main__", **data}
    cell = "model.evaluate(x, y, callbacks=[drifting])"
    result = bench(cell, namespace=names, modes=["graph", "eager"], time=0.05)
    assert result["eager"].agrees is False
    assert result["eager"].agreement.startswith(f"model.{model.layers[0].name}.kernel")


def test_each_backend_has_its_own_modes():
    defaults = {
        backend: [mode.name for mode in modes_on(backend) if mode.default]
        for backend in ("tensorflow", "jax", "torch")
    }
    assert defaults == {
        "tensorflow": ["eager", "graph"],
        "jax": ["eager", "xla"],
        "torch": ["eager"],
    }
    with pytest.raises(ModeUnavailable, match="JAX has no graphs"):
        switches_for("graph", "jax")
    with pytest.raises(ModeError, match="Did you mean graph"):
        switches_for("grap", "tensorflow")
