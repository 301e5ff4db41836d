"""Keras' global state: types, the global seed, counters of names, how progress is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.keras.seeds import SavedGlobalSeed
from dlmagic.frameworks.plain.state import SavedState
from dlmagic.frameworks.protocol import Saved


class SavedTrackers:
    """What Keras keeps for the process by name: dtype policy, global seed, counters of names.

    The counters go on from where they stood, so that a layer made in the cell is ``dense_1``
    in every run.
    """

    def __init__(self) -> None:
        self._trackers = compat.global_trackers()
        self._contents = {name: _copied(vars(self._trackers[name])) for name in self._trackers}

    def changed(self) -> bool:
        """Whether anything in them differs."""
        present = compat.global_trackers()
        if any(present[name] is not tracker for name, tracker in self._trackers.items()):
            return True
        return any(
            not _same(vars(tracker), self._contents[name])
            for name, tracker in self._trackers.items()
        )

    def restore(self) -> None:
        """Put everything back by name."""
        compat.set_global_trackers(self._trackers)
        for name, tracker in self._trackers.items():
            _fill(vars(tracker), self._contents[name])

    def children(self) -> Iterable[tuple[str, object]]:
        """What they hold is copied here as far as it changes."""
        return ()


def save_ambient() -> Iterator[Saved]:
    """Everything global that a cell can set, and what it counts on."""
    config = keras.config
    yield SavedState(config.floatx, config.set_floatx)
    yield SavedState(config.epsilon, config.set_epsilon)
    yield SavedState(config.image_data_format, config.set_image_data_format)
    yield SavedTrackers()
    generator = compat.global_seed_generator()
    if generator is not None:
        yield SavedGlobalSeed(generator)


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    """The same values, lists and dictionaries apart so that they keep what they hold now."""
    return {name: _copy(value) for name, value in state.items()}


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict) else value


def _same(state: dict[str, Any], kept: dict[str, Any]) -> bool:
    if state.keys() != kept.keys():
        return False
    return all(
        value == kept[name] if isinstance(value, list | dict) else value is kept[name]
        for name, value in state.items()
    )


def _fill(state: dict[str, Any], kept: dict[str, Any]) -> None:
    """Put values back; lists and dictionaries stay the same objects where they still stand."""
    for name in state.keys() - kept.keys():
        del state[name]
    for name, value in kept.items():
        present: Any = state.get(name)
        if isinstance(value, dict) and type(present) is type(value):
            present.clear()
            present.update(value)
        elif isinstance(value, list) and isinstance(present, list):
            present[:] = value
        else:
            state[name] = _copy(value)
