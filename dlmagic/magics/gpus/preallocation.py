"""Frameworks that take a GPU's memory before they need it, and how to keep them from it.

Only the environment is looked at: it is read when a framework starts its first GPU.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Taker:
    """A framework that takes memory before it needs it.

    Attributes:
        module: What is imported.
        name: What it is called.
        takes: How much it takes.
        switches: Variables any of which has decided about it already.
        line: What to run before its first operation.
    """

    module: str
    name: str
    takes: str
    switches: tuple[str, ...]
    line: str


TAKERS = (
    Taker(
        "jax",
        "JAX",
        "75 % of the memory",
        (
            "XLA_PYTHON_CLIENT_PREALLOCATE",
            "XLA_PYTHON_CLIENT_MEM_FRACTION",
            "XLA_CLIENT_MEM_FRACTION",
            "XLA_PYTHON_CLIENT_ALLOCATOR",
        ),
        'import os; os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"',
    ),
    Taker(
        "tensorflow",
        "TensorFlow",
        "nearly all memory",
        ("TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR"),
        'import os; os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"',
    ),
)


def greedy(environment: Mapping[str, str]) -> Iterator[Taker]:
    """Imported frameworks that will take it, as nobody has decided otherwise.

    Args:
        environment: Of this process.
    """
    for each in TAKERS:
        if each.module in sys.modules and not any(name in environment for name in each.switches):
            yield each
