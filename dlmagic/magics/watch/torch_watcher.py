"""Watches a PyTorch model while it trains."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from dlmagic.magics.watch.sample_result import (
    BINS,
    EDGES,
    STATISTICS,
    Overhead,
    Row,
    Sample,
    Silent,
)
from dlmagic.magics.watch.watcher import Layer, Listener, Rate


def is_model(value: object) -> bool:
    """Whether a value is a model of PyTorch, also one that is compiled or wrapped."""
    return isinstance(value, nn.Module)


def layers_of(model: nn.Module) -> tuple[Layer, ...]:
    names: dict[nn.Module, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        names.setdefault(module, []).append(name)
    return tuple(
        Layer(
            found[0],
            type(module).__name__,
            tuple(found[1:]),
            sum(each.numel() for each in module.parameters(recurse=False)),
        )
        for module, found in names.items()
    )


class TorchWatcher:
    """One model, watched from begin() to end()."""

    framework = "torch"

    def __init__(self, model: nn.Module, layers: Collection[str], rate: Rate) -> None:
        self.model = model
        self.layers = layers_of(model)
        self.steps = 0
        self.skipped = 0
        self._rate = rate
        self._chosen = set(layers)
        self._paused = False
        self._handles: list[Any] = []
        self._hooks: list[Any] = []
        self._lock = threading.Lock()
        self._samples: list[Sample] = []
        self._losses: list[tuple[int, float]] = []
        self._sampled = 0
        self._measured: dict[Any, dict[str, list[float] | np.ndarray]] = {}
        self._calls: dict[str, int] = {}

    def begin(self, listener: Listener) -> None:
        self._listener = listener
        self._ours = {id(each) for each in self.model.parameters()}
        self._handles = [
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        self._arm()

    def choose(self, layers: Collection[str]) -> None:
        self._chosen = set(layers)

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def take(self, *, wait: bool = False) -> list[Sample]:
        with self._lock:
            taken, self._samples = self._samples, []
        return taken

    def losses(self) -> list[tuple[int, float]]:
        with self._lock:
            taken, self._losses = self._losses, []
        return taken

    def overhead(self) -> Overhead:
        return Overhead(every=self._rate.every or 10, steps=self.steps, sampled=self._sampled)

    def silent(self) -> tuple[Silent, ...]:
        return ()

    def notes(self) -> tuple[str, ...]:
        return ()

    def end(self) -> None:
        for handle in (*self._handles, *self._hooks):
            handle.remove()
        self._handles, self._hooks = [], []

    def _arm(self) -> None:
        self._measured, self._calls = {}, {}
        for layer, module in zip(self.layers, dict.fromkeys(self.model.modules()), strict=True):
            if layer.name in self._chosen:
                self._hooks.append(module.register_forward_hook(self._hook(layer)))

    def _hook(self, layer: Layer) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            if not (module.training and torch.is_grad_enabled() and isinstance(output, Tensor)):
                return
            self._keep(layer, "activation", "", output)
            self._calls[layer.name] = self._calls.get(layer.name, 0) + 1
            if output.requires_grad:
                output.register_hook(
                    lambda gradient: self._keep(layer, "activation-gradient", "", gradient)
                )

        return hook

    def _keep(self, layer: Layer, quantity: Any, parameter: str, values: Tensor) -> None:
        row = Row(layer.name, layer.kind, quantity, parameter, tuple(values.shape), layer.also)
        self._measured[row] = statistics(values.detach())

    def _owns(self, optimizer: torch.optim.Optimizer) -> bool:
        return any(id(p) in self._ours for g in optimizer.param_groups for p in g["params"])

    def _before(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if self._hooks and self._owns(optimizer):
            self._weights = {}
            for layer, module in zip(self.layers, dict.fromkeys(self.model.modules()), strict=True):
                if layer.name in self._chosen:
                    for name, value in module.named_parameters(recurse=False):
                        self._weights[layer, name] = value, value.detach().clone()
                        self._keep(layer, "weight", name, value)
                        if value.grad is not None:
                            self._keep(layer, "gradient", name, value.grad)

    def _after(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if not self._owns(optimizer):
            return
        self.steps += 1
        loss = self._listener.loss_wanted()
        if loss is not None:
            self._losses.append((self.steps, float(loss)))  # type: ignore[arg-type]
        if self._hooks:
            for (layer, name), (value, before) in self._weights.items():
                self._keep(layer, "update", name, value.detach() - before)
            self._deliver()
        if not self._paused and (self.steps + 1) % (self._rate.every or 10) == 0:
            self._arm()
        self._listener.step_ended(self.steps)

    def _deliver(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        self._sampled += 1
        rows = tuple(self._measured)
        with self._lock:
            self._samples.append(
                Sample(
                    self.steps,
                    rows,
                    np.stack([each[0] for each in self._measured.values()]),
                    np.stack([each[1] for each in self._measured.values()]),
                    True,
                    np.array(
                        [self._calls.get(r.layer, 0) if not r.parameter else 0 for r in rows],
                        np.uint32,
                    ),
                )
            )


def statistics(values: Tensor) -> Any:
    array = values.double().cpu().numpy().ravel()
    finite = array[np.isfinite(array)]
    found = dict.fromkeys(STATISTICS, np.nan)
    if finite.size:
        found |= {
            "mean": finite.mean(),
            "std": finite.std(),
            "min": finite.min(),
            "max": finite.max(),
        }
    found |= {
        "norm": np.linalg.norm(array),
        "zeros": (array == 0).mean(),
        "nan": np.isnan(array).sum(),
        "inf": np.isinf(array).sum(),
        "seen": array.size,
        "total": array.size,
    }
    histogram = np.bincount(np.searchsorted(EDGES, finite, "right"), minlength=BINS)
    return np.array(list(found.values()), np.float32), histogram.astype(np.uint32)
