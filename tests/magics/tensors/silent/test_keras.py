"""A loss that does not fit the last layer of a Keras model, and those that do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from dlmagic.cell.source import CellSource  # noqa: E402 - the framework first
from dlmagic.finding import Finding  # noqa: E402
from dlmagic.magics.tensors.silent.engine import watch_cell  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Keras sees some of it, too

X, IDS, BINARY = np.ones((4, 3), np.float32), np.array([0, 1, 2, 0]), np.array([0, 1, 1, 0])
TEXT = "history = model.fit(x, y, verbose=0)"


def findings(last: Any, loss: Any, y: Any) -> tuple[Finding, ...]:
    model = keras.Sequential([keras.Input((3,)), last])
    model.compile(loss=loss, optimizer="sgd")
    names: dict[str, Any] = {"model": model, "x": X, "y": y}
    watched = watch_cell(CellSource.from_text(TEXT), names, lambda _file: None, hints=True)
    return watched.mistakes.findings


def kinds(last: Any, loss: Any, y: Any) -> set[tuple[str, int | None]]:
    return {(each.kind, each.line) for each in findings(last, loss, y)}


@pytest.mark.parametrize(
    ("units", "activation", "loss", "logits", "y", "advice"),
    [
        (3, None, "SparseCategoricalCrossentropy", False, IDS, "from_logits=True"),
        (3, "softmax", "SparseCategoricalCrossentropy", True, IDS, "leave the softmax out"),
        (1, None, "BinaryCrossentropy", False, BINARY, "from_logits=True"),
        (1, "sigmoid", "BinaryCrossentropy", True, BINARY, "from_logits=False"),
        (1, "softmax", "BinaryCrossentropy", False, BINARY, 'activation="sigmoid"'),
    ],
)
def test_what_does_not_fit_is_found(
    units: int, activation: Any, loss: str, logits: bool, y: Any, advice: str
) -> None:
    last = keras.layers.Dense(units, activation=activation)
    made = getattr(keras.losses, loss)(from_logits=logits)
    (finding,) = findings(last, made, y)
    assert (finding.kind, finding.line) == ("loss-against-output", 1)
    assert finding.fix is not None
    assert advice in finding.fix.text


def test_a_loss_by_its_name_expects_probabilities() -> None:
    name = "sparse_categorical_crossentropy"
    assert kinds(keras.layers.Dense(3), name, IDS) == {("loss-against-output", 1)}
    assert kinds(keras.layers.Dense(3, activation="softmax"), name, IDS) == set()


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (3, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), IDS),
        (3, "softmax", keras.losses.SparseCategoricalCrossentropy(), IDS),
        (1, "sigmoid", keras.losses.BinaryCrossentropy(), BINARY),
        (1, None, keras.losses.BinaryCrossentropy(from_logits=True), BINARY),
        (1, None, "mse", BINARY.astype(np.float32)),
        (1, "relu", "mae", BINARY.astype(np.float32)),
    ],
)
def test_what_fits_gives_no_alarm(units: int, activation: Any, loss: Any, y: Any) -> None:
    assert kinds(keras.layers.Dense(units, activation=activation), loss, y) == set()
