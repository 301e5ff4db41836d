"""Random numbers in Keras: seed generators, and the order in which ``fit`` shuffles."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from dlmagic.cell.saved import SavedAttributes
from dlmagic.frameworks.keras import _compat as compat

_SEED = 20_240_229  # any number will do


class SavedSeed(SavedAttributes):
    """A seed generator of a layer; its state is a variable, which is saved by itself.

    Args:
        generator: The generator.
    """

    def __init__(self, generator: Any) -> None:
        super().__init__(generator)
        self.generator = generator
        self.seed = _numbers(generator)

    def drawn(self) -> bool:
        """Whether random numbers were drawn since it was saved."""
        return bool((_numbers(self.generator) != self.seed).any())


class SavedGlobalSeed(SavedSeed):
    """The generator of the process, which no layer leads to."""

    def changed(self) -> bool:
        """Whether random numbers were drawn from it."""
        return self.drawn()

    def restore(self) -> None:
        """Let the same numbers come again."""
        super().restore()
        if self.drawn():
            self.generator.state.assign(self.seed)

    def children(self) -> Iterable[tuple[str, object]]:
        """It is a leaf."""
        return ()


@contextmanager
def repeating_shuffles() -> Iterator[None]:
    """While active, ``fit`` on TensorFlow shuffles alike in every run, seed or no seed.

    TensorFlow shuffles without a seed in an order that nobody can know beforehand, so no two
    runs would agree. A global seed is set where there is none, and taken away again. The other
    backends draw the order from generators that can be put back.
    """
    context = compat.context_of_tensorflow()
    if keras.config.backend() != "tensorflow" or context is None or compat.has_seed(context):
        yield
        return
    before = compat.seed_state(context)
    sys.modules["tensorflow"].random.set_seed(_SEED)
    try:
        yield
    finally:
        compat.set_seed_state(context, before)


def _numbers(generator: Any) -> Any:
    return keras.ops.convert_to_numpy(generator.state.value)
