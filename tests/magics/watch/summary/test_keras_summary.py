"""``%summary`` of models of Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from dlmagic import summary
from dlmagic.errors import InputError

keras = pytest.importorskip("keras")
layers = keras.layers


def sequential() -> Any:
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )


def shared() -> Any:
    """Two inputs through the same layer."""
    a, b = keras.Input((16,)), keras.Input((16,))
    body = layers.Dense(8, name="body")
    return keras.Model([a, b], layers.Dense(1, name="head")(layers.add([body(a), body(b)])))


class Subclass(keras.Model):  # type: ignore[misc, name-defined]
    """Layers of a subclass, a composite one among them, and one that is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = layers.Embedding(50, 8)
        self.both = layers.Bidirectional(layers.GRU(4))
        self.head = layers.Dense(2)
        self.spare = layers.Dense(3)
        self.spare.build((None, 5))

    def call(self, words: Any) -> Any:
        return {"scores": self.head(self.both(self.embed(words)))}


def built() -> Any:
    model = Subclass()
    model(np.zeros((2, 5), "int32"))
    return model


def nested() -> Any:
    inner = keras.Sequential([layers.Dense(4, name="one"), layers.Dense(4, name="two")], name="in")
    inner.trainable = False
    return keras.Sequential([keras.Input((16,)), inner, layers.Dense(1)])


@pytest.mark.parametrize("make", [sequential, shared, built, nested])
def test_parameters_are_those_that_keras_counts(make: Any) -> None:
    model = make()
    given = (2, 5) if make is built else None
    found = summary(model, given)
    assert found.parameters == model.count_params()
    assert sum(row.counted for row in found.rows) == found.parameters
    trainable = sum(int(np.prod(each.shape)) for each in model.trainable_weights)
    assert found.trainable == trainable


def test_flops_are_those_by_hand() -> None:
    found = summary(sequential(), (4, 12, 12, 1))
    assert found.rows[1].flops == 2 * 4 * 10 * 10 * 8 * 9
    assert found.flops == 2 * 4 * (10 * 10 * 8 * 9 + 800 * 10)
    pair = summary(shared(), ((4, 16), (4, 16)))
    assert pair.flops == 2 * 4 * (2 * 16 * 8 + 8)
    assert [row.counted for row in pair.calls_of("body")] == [16 * 8 + 8, 0]


def test_without_an_input_it_is_one_sample_of_what_the_model_was_made_for() -> None:
    found = summary(sequential())
    assert found.inputs[0].shape == (1, 12, 12, 1)
    assert [row.outputs[0].shape for row in found.rows[1:]] == [
        (1, 10, 10, 8), (1, 10, 10, 8), (1, 800), (1, 800), (1, 10),
    ]  # fmt: skip
    assert any("one sample" in note for note in found.notes)


def test_layers_inside_of_layers_stand_inside() -> None:
    found = summary(built(), np.zeros((2, 5), "int32"))
    both = next(row for row in found.rows if row.kind == "Bidirectional")
    place = found.rows.index(both)
    assert [row.kind for row in found.rows if row.parent == place] == ["GRU", "GRU"]
    (finding,) = found.findings
    assert finding.kind == "unused-parameters"
    assert found.repetitions > 0
    assert all(row.forward_seconds for row in found.rows if row.call)


def test_frozen_parts_are_told() -> None:
    found = summary(nested())
    assert (found["in"].trainable, found["in"].parameters) == (0, 16 * 4 + 4 + 4 * 4 + 4)
    assert "frozen" in repr(found)


def test_nothing_changes() -> None:
    model = sequential()
    before = [np.array(each) for each in model.variables]
    plain = keras.Layer.__call__
    x = np.random.default_rng(0).random((4, 12, 12, 1), "float32")
    summary(model, x)
    summary(model, (x, np.zeros(4)))
    for old, each in zip(before, model.variables, strict=True):
        assert np.array_equal(old, np.array(each))
    assert keras.Layer.__call__ is plain


def test_a_model_that_is_not_built_stays_so() -> None:
    model = Subclass()
    found = summary(model, (2, 5))
    assert found.source == "parameters"
    assert any("not built" in note for note in found.notes)
    assert any(".build((None, 5)), and ask again" in note for note in found.notes)
    assert not model.built
    (note,) = summary(model).notes
    assert ".build((None, …)), and ask again" in note


def test_of_a_model_that_only_holds_others_its_parts_are_advised(shell: Any) -> None:
    """As in tutorials of autoencoders and GANs, whose train_step calls the parts."""

    class Pair(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = sequential()

    shell.run_line_magic("load_ext", "dlmagic")
    shell.user_ns["pair"] = Pair()
    (note,) = shell.run_line_magic("summary", "pair 2,12,12,1").notes
    assert note.startswith("Pair has no call()")
    assert note.endswith("%summary pair.encoder.")
    assert shell.run_line_magic("summary", "pair.encoder").flops


def test_a_refused_input_names_the_layer() -> None:
    model = sequential()
    with pytest.raises(InputError, match=r"Dense\) refuses 2×512\. Keras says: .*value 800"):
        summary(model, (2, 10, 10, 1))
    with pytest.raises(InputError, match="holds no array"):
        summary(model, object())
    with pytest.raises(InputError, match="the class Sequential; a model is what"):
        summary(keras.Sequential)
    assert keras.Layer.__call__.__module__.startswith("keras")


def test_an_error_of_the_users_stays_theirs() -> None:
    class Broken(layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            if x.shape[0] == 3:
                raise LookupError("mine")
            return x

    model = keras.Sequential([keras.Input((2,)), layers.Dense(2), Broken(name="mine")])
    with pytest.raises(LookupError) as caught:
        summary(model, (3, 2))
    assert "mine (Broken)" in caught.value.__notes__[-1]


@pytest.mark.prove
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_on_other_frameworks(backend: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    flops = str(float(2 * 4 * (16 * 8 + 8))) if backend == "torch" else "None"
    assert done.stdout.split() == ["145", "Keras", backend, flops, "True"]


PROGRAM = """
import keras, numpy as np
from dlmagic import summary
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(8), keras.layers.Dense(1)])
found = summary(model, np.ones((4, 16), "float32"))
print(found.parameters, found.framework, found.device, found.flops, found.forward_seconds > 0)
"""
