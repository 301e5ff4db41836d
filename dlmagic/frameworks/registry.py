"""The adapters of the frameworks that the user has imported."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

from dlmagic.frameworks.entries import ENTRIES, KERAS, adapter_of, backend_of_keras, is_loaded
from dlmagic.frameworks.plain.adapter import PlainFramework
from dlmagic.frameworks.protocol import Framework, Repeats


def loaded_frameworks() -> tuple[Framework, ...]:
    """The adapters of all frameworks that the user has imported, plain Python last."""
    adapters = tuple(adapter_of(entry) for entry in ENTRIES if is_loaded(entry))
    # What Keras counts is what its backend counts.
    beside = tuple(adapter for adapter in adapters if adapter.name != KERAS.root)
    return (*adapters, PlainFramework(beside))


@contextmanager
def repeating(attributes: Collection[str]) -> Iterator[None]:
    """While active, every run from one state draws the same random numbers, if it is possible.

    Args:
        attributes: Names of attributes in the cell's code, such as ``fit``.
    """
    with ExitStack() as stack:
        for framework in loaded_frameworks():
            if isinstance(framework, Repeats):
                stack.enter_context(framework.repeating(attributes))
        yield


def framework_behind_keras() -> Framework:
    """The adapter of the framework that Keras computes with; plain Python's for one without."""
    backend = backend_of_keras()
    return PlainFramework() if backend is None else adapter_of(backend)
