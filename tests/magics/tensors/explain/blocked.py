"""A process whose frameworks lose their private modules before errors are explained.

``python -m tests.magics.tensors.explain.blocked STEP WHEN`` raises every STEPth error, blocks, and
explains them. WHEN is ``before`` or ``after`` dlmagic has imported what it uses of the frameworks.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from dlmagic.magics.tensors.explain.engine import explain, explain_or_say
from tests.magics.tensors.explain.explained import Case, name_of_cell, written
from tests.magics.tensors.explain.fuzz import cells, error_of

PRIVATE = re.compile(
    r"torch\._(?!C\b)|torch\.utils\._|torch\.fx\.experimental|jax\._src|jaxlib\.|"
    r"tensorflow\.python|keras\.src"
)
PRODUCT = "a, b = {0}.ones((3, 4)), {0}.ones((5, 4))"
KNOWN = [
    Case(f"import {module} as m\n{PRODUCT.format('m')}", "a @ b", module)
    for module in ("torch", "numpy", "jax.numpy", "tensorflow")
]
"""Mistakes that are looked at one by one, with the name of their library."""


class Refusing(MetaPathFinder):
    """Lets no private module of a framework be imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if PRIVATE.match(name):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def block() -> int:
    """Make them as if they had never been; says how many were there."""
    names = [name for name in sys.modules if PRIVATE.match(name)]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None stands for "gone"
    sys.meta_path.insert(0, Refusing())
    return len(names)


def main(step: int, when: str) -> None:
    """Count what is said of the errors, and print it."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    chosen = [*KNOWN, *cells()[::step]]
    errors = [(case, error) for case in chosen if (error := error_of(case)) is not None]
    if when == "after":
        assert all(said(*each) for each in errors[: len(KNOWN)])
    counted = Counter(blocked=block())
    for case, error in errors:
        found = said(case, error)
        assert explain_or_say(error, name_of_cell).error
        counted["explained" if found else "not explained"] += 1
        if case in KNOWN:
            counted[str(case.kind)] = found
    print(json.dumps(counted))  # noqa: T201


def said(case: Case, error: BaseException) -> bool:
    """Whether an explanation is found for what a cell has raised."""
    written(case)
    return explain(error, name_of_cell) is not None


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
