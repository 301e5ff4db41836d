"""A file that holds more than weights, read by ``torch.load`` that takes weights alone."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(
        r"Weights only load failed.*?Unsupported (global: GLOBAL|class) (?P<name>[\w.]+\w)",
        re.DOTALL,
    ),
)
_OF_NUMPY = ("numpy.", "_codecs.")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What the file holds beside weights."""
    torch: Any = sys.modules["torch"]
    site, call = failure.site, called(failure.site)
    if site is None or call is None or call.function is not torch.load:
        return None
    what = match["name"]
    held = f"an object of {what}"
    if _is_model(what):
        held = f"a whole model ({what.rpartition('.')[2]})"
    elif what.startswith(_OF_NUMPY):
        held = "values of NumPy"
    return Explained(
        kind="weights-only",
        message=f"{_reads(call)}, and the file holds {held}.",
        candidates=tuple(_candidates(site, call)),
        notes=(_instead(what),),
    )


def _reads(call: Called) -> str:
    if "weights_only" in call.keywords:
        return "With weights_only=True torch.load reads weights alone"
    return "torch.load reads weights alone since PyTorch 2.6"


def _is_model(what: str) -> bool:
    """Whether a class is one of models or layers, as far as it is loaded here."""
    module, _, name = what.rpartition(".")
    found = getattr(sys.modules.get(module), name, None)
    return isinstance(found, type) and issubclass(found, sys.modules["torch"].nn.Module)


def _instead(what: str) -> str:
    """What to save, so that nobody has to trust the file."""
    if what.startswith(_OF_NUMPY):
        return "Without that: save numbers of Python, such as float(loss), and tensors."
    if _is_model(what):
        return "Without that: save model.state_dict(), and load it with model.load_state_dict()."
    return "Without that: save dictionaries, lists, numbers and tensors alone, as vars(args) gives."


def _candidates(site: Site, call: Called) -> Iterator[Candidate]:
    """The call that reads all; never tried, since it runs what the file says."""
    written = call.keywords.get("weights_only")
    if written is None:
        new = call.with_argument("weights_only=False")
        line = line_with(site, {call.node: new})
    else:
        line = line_with(site, {written.node: "False"})
    yield Candidate(
        "If you trust those who made the file, since reading it so runs any code that is in it: "
        "weights_only=False.",
        line,
    )
