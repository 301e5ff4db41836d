"""What data, layers and inputs of Keras are handed in as."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check, explained
from tests.magics.tensors.explain.test_keras import SETUP

DATA = SETUP + (
    'model, pairs = made("mse"), tf.data.Dataset.from_tensor_slices((x, rows))\n'
    "alone, narrow = pairs.map(lambda x, y: x), pairs.map(lambda x, y: (x[:3], y))\n"
)
SETS = [
    (
        "model.fit(pairs.batch(4), rows, verbose=0)",
        "dataset-and-labels",
        "gives pairs of data and labels already",
        "model.fit(pairs.batch(4), verbose=0)",
    ),
    (
        "model.fit(x=pairs.batch(4), y=rows, verbose=0)",
        "dataset-and-labels",
        "gives pairs of data and labels already",
        "model.fit(x=pairs.batch(4), verbose=0)",
    ),
    ("model.fit(alone.batch(4), rows)", "dataset-and-labels", "gives data alone", None),
    (
        "model.fit(pairs, verbose=0)",
        "dataset-without-batches",
        "pairs gives one sample at a time, (4,), and a model takes batches",
        "model.fit(pairs.batch(32), verbose=0)",
    ),
    (
        "model.evaluate(pairs.shuffle(8), verbose=0)",
        "dataset-without-batches",
        "pairs.shuffle(8) gives one sample at a time",
        "model.evaluate(pairs.shuffle(8).batch(32), verbose=0)",
    ),
    (
        "model.predict(alone, verbose=0)",
        "dataset-without-batches",
        "alone gives one sample",
        "model.predict(alone.batch(32), verbose=0)",
    ),
    (
        "net = keras.Sequential(layers.Dense(4), layers.Dense(1))",
        "layers-without-list",
        "keras.Sequential takes its layers in one list",
        "net = keras.Sequential([layers.Dense(4), layers.Dense(1)])",
    ),
    (
        "keras.Sequential(keras.Input((4,)), layers.Dense(4), layers.Dense(1))",
        "layers-without-list",
        "keras.Sequential takes its layers in one list",
        "keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dense(1)])",
    ),
    (
        "keras.Sequential(layers.Dense(1))",
        "layers-without-list",
        "in one list",
        "keras.Sequential([layers.Dense(1)])",
    ),
    ("given = keras.Input(28)", "shape-as-number", "28 is a number", "given = keras.Input((28,))"),
    ("keras.Input(shape=(28))", "shape-as-number", "28 is a number", None),
]


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize(("text", "kind", "said", "fix"), SETS)
def test_what_data_and_layers_are_handed_in_as(
    text: str, kind: str, said: str, fix: str | None
) -> None:
    check(Case(DATA, text, kind, 1, said, fix, runs=fix is not None))


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize(
    "text",
    [
        "model.fit(narrow, verbose=0)",
        "keras.Sequential(3)",
        "keras.Sequential([layers.Dense(1)], [layers.Dense(1)])",
        "keras.Input('28')",
    ],
)
def test_of_other_data_and_layers_nothing_is_said(text: str) -> None:
    found = explained(Case(DATA, text, None))
    kinds = ("dataset-without-batches", "layers-without-list", "shape-as-number")
    assert found is None or found.finding is None or found.finding.kind not in kinds
