"""Training loops of libraries, ended between two steps in their own way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import dlmagic
from dlmagic.errors import TrainingStopped
from dlmagic.magics.watch.own_ways import ask_loop_to_end

DATA = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1))


def stopping_after(session: dlmagic.WatchSession, steps: int) -> None:
    """Somebody asks for the end when so many steps have ended."""
    listening = session._listening
    heard = listening.step_ended

    def step_ended(step: int) -> None:
        if step == steps:
            session.wish.ask("Stop was pressed")
        heard(step)

    listening.step_ended = step_ended  # type: ignore[method-assign]


def trained_by_lightning(net: nn.Module, folder: Any, *, nan_at: int = -1) -> tuple[Any, Any]:
    """A model of Lightning around a network, and a trainer that would take long."""
    import lightning.pytorch as lightning

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def training_step(self, batch: Any, _: int) -> Any:
            x, y = batch
            factor = float("nan") if self.global_step == nan_at else 1.0
            return nn.functional.mse_loss(self.net(x) * factor, y)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    quiet = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    trainer = lightning.Trainer(
        max_epochs=50, accelerator="cpu", default_root_dir=folder, **dict.fromkeys(quiet, False)
    )
    return Module(), trainer


@pytest.mark.filterwarnings("ignore")  # of Lightning about PyTorch
def test_lightning_ends_as_if_it_were_done(tmp_path: Any) -> None:
    module, trainer = trained_by_lightning(nn.Linear(4, 1), tmp_path)
    before = signal.getsignal(signal.SIGINT)
    with dlmagic.watch(module, every=1) as session:
        stopping_after(session, 5)
        trainer.fit(module, torch.utils.data.DataLoader(DATA, batch_size=8))
    assert trainer.global_step == 5
    assert trainer.state.finished
    assert signal.getsignal(signal.SIGINT) is before
    assert "was stopped after step 5: Stop was pressed" in " ".join(session.result().notes)


@pytest.mark.filterwarnings("ignore")
def test_lightning_ends_on_nan_with_its_weights_intact(tmp_path: Any) -> None:
    net = nn.Linear(4, 1)
    module, trainer = trained_by_lightning(net, tmp_path, nan_at=3)
    with dlmagic.watch(module, every=1, stop_on="nan") as session:
        trainer.fit(module, torch.utils.data.DataLoader(DATA, batch_size=8))
    assert trainer.global_step == 4
    assert trainer.state.finished
    assert bool(net.weight.isfinite().all())
    assert session.findings[0].kind == "not-finite"


def test_keras_ends_as_if_it_were_done() -> None:
    import keras

    class Asks(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)
            if batch == 3:
                assert ask_loop_to_end() == "Keras"

    seen: list[int] = []
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    inputs = np.zeros((64, 4), "float32")
    history = model.fit(
        inputs, inputs[:, :1], batch_size=8, epochs=9, verbose=0, callbacks=[Asks()]
    )
    assert (seen, len(history.epoch)) == ([0, 1, 2, 3], 1)


BATCHES_ON_JAX = """
import keras, numpy as np, pytest
from dlmagic.magics.watch.keras.watcher import KerasWatcher
from dlmagic.magics.watch.watcher import Rate
from tests.magics.watch.hearing import EndedHereError, Told

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
inputs = np.ones((8, 4), "float32")
watcher = KerasWatcher(model, (), Rate(every=1))
watcher.begin(told := Told(end_after=3))
with pytest.raises(EndedHereError):
    while True:
        model.train_on_batch(inputs, inputs[:, :1])
watcher.end()
assert told.steps == [1, 2, 3]
assert int(model.optimizer.iterations) == 3
model.train_on_batch(inputs, inputs[:, :1])
print("as it should be")
"""


def test_a_loop_around_train_on_batch_is_ended_by_what_is_raised() -> None:
    """It does not look at what ``fit`` looks at."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    inputs = np.ones((8, 4), np.float32)
    made = 0
    with dlmagic.watch(model, stop_on="nan", every=1) as session:
        for step in range(9):
            model.train_on_batch(inputs * (np.nan if step == 4 else 1), np.ones((8, 2)))
            made += 1
    assert made == 4
    assert session.steps == 5
    assert "was stopped in step 5: At step 5" in " ".join(session.result().notes)


def test_on_jax_it_ends_with_the_model_as_the_step_has_made_it() -> None:
    """A model of Keras gets its weights back only when ``train_on_batch`` returns."""
    root = Path(__file__).parents[3]
    settings = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(root)}
    command = [sys.executable, "-W", "ignore", "-c", BATCHES_ON_JAX]
    done = subprocess.run(
        command, env=os.environ | settings, cwd=root, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "as it should be", done.stderr[-3000:]


def test_a_loop_of_the_user_is_ended_by_what_is_raised() -> None:
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    session = dlmagic.watch(net, every=1)
    stopping_after(session, 3)
    with pytest.raises(TrainingStopped):  # noqa: PT012
        while True:
            optimizer.zero_grad()
            net(DATA.tensors[0]).square().mean().backward()
            optimizer.step()
    assert session.steps == 3


def test_where_weights_cannot_be_spared_it_is_not_said_that_they_were() -> None:
    """A graph of TensorFlow has changed them by the time that it tells of the NaN."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    inputs = np.ones((64, 4), np.float32)
    inputs[20] = np.nan
    with dlmagic.watch(model, stop_on="nan") as session:
        model.fit(inputs, np.ones((64, 2)), batch_size=8, epochs=2, shuffle=False, verbose=0)
    notes = " ".join(session.result().notes)
    assert "was stopped in step 3: At step 3" in notes
    assert "before the weights changed" not in notes
