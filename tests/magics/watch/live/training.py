"""A training of any number of layers, as a live view sees it: samples of a made-up course."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np

from dlmagic.display.live.outlet import Bundle
from dlmagic.errors import InputError
from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.sample_result import (
    BINS,
    EDGES,
    STATISTICS,
    Overhead,
    Row,
    Sample,
)
from dlmagic.magics.watch.watcher import Layer


def layers_of(count: int) -> tuple[Layer, ...]:
    """Linear layers and ReLUs in turn, in blocks of six."""
    kinds = ("Linear", "ReLU")
    return tuple(
        Layer(f"encoder.{k // 6}.{kinds[k % 2].lower()}{k % 6}", kinds[k % 2]) for k in range(count)
    )


def rows_of(layers: tuple[Layer, ...]) -> tuple[Row, ...]:
    """All that is measured of them."""
    rows: list[Row] = []
    for layer in layers:
        rows += [Row(layer.name, layer.kind, "activation", shape=(64, 32))]
        rows += [Row(layer.name, layer.kind, "activation-gradient", shape=(64, 32))]
        for parameter in ("weight", "bias") if layer.kind == "Linear" else ():
            shape = (32, 32) if parameter == "weight" else (32,)
            for quantity in ("gradient", "weight", "update"):
                rows.append(Row(layer.name, layer.kind, quantity, parameter, shape))
    return tuple(rows)


class Course:
    """Samples that look like those of a net whose gradients shrink towards its input."""

    def __init__(self, layers: tuple[Layer, ...], seed: int = 0) -> None:
        self.rows = rows_of(layers)
        self._random = np.random.default_rng(seed)
        names = [layer.name for layer in layers]
        self._depth = np.array([names.index(row.layer) / len(names) for row in self.rows])
        self._size = np.array([_SIZES[row.quantity] for row in self.rows])
        self._relu = np.array([row.kind == "ReLU" for row in self.rows])
        self._parameters = np.array([bool(row.parameter) for row in self.rows])
        self._updates = np.array([row.quantity == "update" for row in self.rows])
        self._outputs = np.array([row.quantity == "activation" for row in self.rows])
        self._histograms = _histograms(self._size)  # the same in every step

    def sample(self, step: int, broken: int | None = None) -> Sample:
        """One step; from that row on, values are not finite."""
        count = len(self.rows)
        noise = np.exp(self._random.normal(0, 0.25, count))
        shrunk = np.where(self._size < 0.5, 10 ** (-3 * (1 - self._depth)), 1)
        std = self._size * shrunk * noise * (0.3 + np.exp(-step / 150))
        values = np.full((count, len(STATISTICS)), np.nan, np.float32)
        zeros = np.where(self._relu, 0.5 + 0.2 * np.sin(step / 60 + 9 * self._depth), 0)
        known = {
            "mean": std * self._random.normal(0, 0.2, count),
            "std": std,
            "norm": std * 32,
            "min": -3.1 * std,
            "max": 3.2 * std,
            "zeros": np.where(self._outputs, zeros, 0),
            "dead": np.where(self._outputs & self._relu, np.maximum(zeros - 0.45, 0), np.nan),
            "nan": np.zeros(count),
            "inf": np.zeros(count),
            "ratio": np.where(self._updates, 1e-3 * noise * shrunk, np.nan),
            "seen": np.full(count, 1024),
            "total": np.full(count, 2048),
        }
        for name, column in known.items():
            values[:, STATISTICS.index(name)] = column
        if broken is not None:
            values[broken:, STATISTICS.index("nan")] = 7
        return Sample(step, self.rows, values, self._histograms, False, np.ones(count, np.uint32))


_SIZES = {
    "activation": 1.0,
    "activation-gradient": 1e-4,
    "gradient": 1e-3,
    "weight": 0.6,
    "update": 1e-4,
}


def _histograms(std: np.ndarray) -> np.ndarray:
    """Normal distributions in the bins of all histograms."""
    middles = np.concatenate([[-(2.0**20)], (EDGES[1:] + EDGES[:-1]) / 2, [2.0**20]])
    widths = np.concatenate([[1], np.diff(EDGES), [1]])
    with np.errstate(all="ignore"):
        shares = np.exp(-0.5 * (middles / std[:, None]) ** 2) * widths / std[:, None]
    return (400 * shares).astype(np.uint32).reshape(-1, BINS)


class Kept:
    """The past of a training."""

    def __init__(self, samples: list[Sample], losses: list[tuple[int, float]]) -> None:
        self._samples, self.losses = samples, losses

    @property
    def steps(self) -> np.ndarray:
        return np.array([sample.step for sample in self._samples], np.int64)

    @property
    def rows(self) -> tuple[Row, ...]:
        return self._samples[-1].rows if self._samples else ()

    def courses(self) -> np.ndarray:
        return np.stack([sample.values for sample in self._samples], axis=-1)

    def still(self) -> AbstractContextManager[object]:
        return nullcontext()


class Training:
    """A session that hears what a page asks for."""

    name, loss, notes = "model", "loss", ("Every value counts.",)

    def __init__(self, count: int = 12, steps: int = 0) -> None:
        self.layers = layers_of(count)
        self.course = Course(self.layers)
        self.samples = [self.course.sample(step) for step in range(1, steps + 1)]
        self.losses = [(step, 2.3 * float(np.exp(-step / 200))) for step in range(1, steps + 1)]
        self.heard: list[str] = []
        self.paused = False

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.course.rows

    @property
    def history(self) -> Kept:
        return Kept(self.samples, self.losses)

    def overhead(self) -> Overhead:
        steps = self.samples[-1].step if self.samples else 0
        return Overhead(0.01, 0.012, 0.0083, 12, steps, len(self.samples))

    def static(self) -> Bundle:
        return {
            "text/plain": f"{len(self.samples)} samples\nof model",
            "text/html": "<p>static</p>",
        }

    def choose(self, pattern: str) -> None:
        self.heard.append(f"choose {pattern}")
        if pattern == "nothing":
            raise InputError("No layer matches 'nothing'.", "Did you mean encoder.0.linear0?")

    def pause(self) -> None:
        self.heard.append("pause")
        self.paused = True

    def resume(self) -> None:
        self.heard.append("resume")
        self.paused = False

    def stop_at_next_step(self) -> None:
        self.heard.append("stop")

    def advance(self, count: int = 1, broken: int | None = None) -> list[Sample]:
        """So many steps more; their samples."""
        begin = self.samples[-1].step if self.samples else 0
        new = [self.course.sample(begin + k, broken) for k in range(1, count + 1)]
        self.samples += new
        return new


def finding_of(layer: str) -> Finding:
    """What a judge finds."""
    message = f"The gradients of {layer} vanish: norm 3.1e-8 at step 120, below 1e-7."
    fix = Fix("Use ReLU, or normalise between the layers.")
    return Finding("vanishing-gradient", "warning", message, operands=(layer,), fix=fix)
