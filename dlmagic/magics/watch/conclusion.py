"""From a watched model to its result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.watch.history import History
from dlmagic.magics.watch.layer_result import LayerState, states_of
from dlmagic.magics.watch.packed_result import PackedArray
from dlmagic.magics.watch.result import WatchResult
from dlmagic.magics.watch.sample_result import Overhead
from dlmagic.magics.watch.watcher import Watcher

_DIGITS = 3  # of courses


def conclude(
    name: str,
    kind: str,
    watcher: Watcher,
    history: History,
    *,
    overhead: Overhead,
    findings: Sequence[Finding],
    loss: str,
    notes: Sequence[str],
    ended: str,
) -> WatchResult:
    """All that was seen, as a value.

    Args:
        name: What the model is called.
        kind: Its class.
        watcher: Measured it.
        history: What it measured.
        overhead: What watching cost.
        findings: What is wrong.
        loss: What the loss is called.
        notes: What else there is to know.
        ended: Why it ended; empty while it goes on.
    """
    with history.still():
        values, _ = history.newest()
        least, most = history.extremes()
        losses = history.losses
        return WatchResult(
            environment=Environment.capture(),
            findings=tuple(findings),
            model=name,
            kind=kind,
            framework=watcher.framework,
            layers=layers_in(history),
            rows=history.rows,
            values=PackedArray.of(values),
            courses=PackedArray.of(history.courses(), digits=_DIGITS),
            points=tuple(map(int, history.steps)),
            least=PackedArray.of(least),
            most=PackedArray.of(most),
            steps=watcher.steps,
            skipped=watcher.skipped,
            samples=history.samples,
            last=history.last,
            exact=history.exact,
            loss=loss,
            loss_steps=tuple(step for step, _ in losses),
            loss_values=tuple(value for _, value in losses),
            overhead=overhead,
            silent=watcher.silent(),
            notes=tuple(notes),
            ended=ended,
        )


def layers_in(history: History) -> tuple[LayerState, ...]:
    """The newest figures of each layer."""
    values, calls = history.newest()
    values[_gone(history)] = np.nan
    counts = (np.nansum(history.matrix(kind), axis=1, dtype=float) for kind in ("nan", "inf"))
    bad = np.stack(list(counts), axis=1)
    return states_of(history.rows, values, calls, bad, history.newest_steps())


def _gone(history: History) -> list[int]:
    """Rows of parameters that their layers have no more, as those that were pruned or replaced."""
    present = {(row.layer, row.parameter) for row in history.present if row.parameter}
    layers = {layer for layer, _ in present}
    return [
        place
        for place, row in enumerate(history.rows)
        if row.parameter and row.layer in layers and (row.layer, row.parameter) not in present
    ]
