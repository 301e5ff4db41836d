"""The class of a layer where a layer is needed: ``nn.ReLU`` without its brackets."""

from __future__ import annotations

import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.classes import object_instead
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained

PATTERNS = (re.compile(r"(?P<name>[\w.]+) is not a Module subclass"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which argument is a class, and the line with a layer of it."""
    torch: Any = sys.modules["torch"]
    name = match["name"].rpartition(".")[2]

    def is_meant(kind: type) -> bool:
        return issubclass(kind, torch.nn.Module) and kind.__name__ == name

    return object_instead(failure, "class-as-layer", "a layer", is_meant)
