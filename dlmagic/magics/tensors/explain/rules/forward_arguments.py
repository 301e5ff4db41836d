"""A model or a loss that is called with too few values, or too many."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dlmagic.display.units import listed
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import Code, codes
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(r"(?P<function>[\w.<>]*forward)\(\) missing \d+ required positional argument"),
    re.compile(r"(?P<function>[\w.<>]*forward)\(\) takes .* positional arguments? but \d+ w"),
)
_SELF = ("self", "s", "slf", "me", "this", "model", "module", "net")
"""What people call the model itself."""

_TARGETS = ("target", "targets", "label", "labels", "y", "yb", "y_train", "y_true")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What it takes, and what of that it was not given."""
    site, call = failure.site, called(failure.site)
    model = _called_model(failure, call)
    if site is None or call is None or model is None or _is_spread(call.node):
        return None
    forward = inspect.unwrap(type(model).forward)
    if forward.__qualname__ != match["function"]:  # of something within that it calls
        return None
    parameters = [*inspect.signature(forward).parameters.values()]
    if _has_no_self(parameters, match):
        return _without_self(failure, type(model))
    taken = [each for each in parameters[1:] if each.kind is not each.VAR_POSITIONAL]
    needed = [each.name for each in taken if each.default is each.empty]
    missing = [
        name
        for place, name in enumerate(needed)
        if place >= len(call.arguments) and name not in call.keywords
    ]
    takes = (
        f"{ast.unparse(call.node.func)} takes {listed(each.name for each in taken) or 'nothing'}"
    )
    given = len(call.arguments) + len(call.keywords)
    lacks = f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    return Explained(
        kind="forward-arguments",
        message=f"{takes}; {lacks}." if missing else f"{takes}, and is given {given} values.",
        operands=tuple({each.name: each for each in call.arguments}.values()),
        candidates=tuple(_with_target(site, call, missing)),
    )


def _is_spread(node: ast.Call) -> bool:
    """``net(*batch)``: how many values that gives does not stand there."""
    starred = any(isinstance(each, ast.Starred) for each in node.args)
    return starred or any(each.arg is None for each in node.keywords)


def _called_model(failure: Failure, call: Called | None) -> Any:
    step = failure.inside("_call_impl", "nn.modules.module")
    if step is not None:
        return step.local("self")
    # model.forward(x) itself
    torch: Any = sys.modules.get("torch")
    owner = call.owner.value if call is not None and call.owner is not None else None
    return owner if torch is not None and isinstance(owner, torch.nn.Module) else None


def _has_no_self(parameters: list[inspect.Parameter], match: re.Match[str]) -> bool:
    """``def forward(x)``: the model itself is one value too many."""
    if match.re is not PATTERNS[1] or any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return False
    return not parameters or parameters[0].name not in _SELF


def _without_self(failure: Failure, kind: type) -> Explained:
    return Explained(
        kind="forward-arguments",
        message=f"forward of {kind.__name__} has no self: its first value is the model.",
        candidates=tuple(_with_self(failure, kind)),
    )


def _with_self(failure: Failure, kind: type) -> Iterator[Candidate]:
    for code in codes(failure.name_of_cell, f"class {kind.__name__}"):
        for node in _methods(code, kind):
            place = code.place(node)
            rest = ", " if node.args.args or node.args.kwonlyargs else ""
            line = place.source.replace("def forward(", f"def forward(self{rest}", 1)
            yield Candidate("Take self first.", line, None, place)
            return


def _methods(code: Code, kind: type) -> Iterator[ast.FunctionDef]:
    for owner in ast.walk(code.tree):
        if isinstance(owner, ast.ClassDef) and owner.name == kind.__name__:
            for node in owner.body:
                if isinstance(node, ast.FunctionDef) and node.name == "forward":
                    yield node


def _with_target(site: Site, call: Called, missing: list[str]) -> Iterator[Candidate]:
    """A loss that is given scores alone, where a tensor is called like targets."""
    names = _tensors(site.names) if missing == ["target"] else []
    if names:
        arguments = [ast.unparse(each) for each in (*call.node.args, *call.node.keywords)]
        new = f"{ast.unparse(call.node.func)}({', '.join([*arguments, names[0]])})"
        yield Candidate(f"Give it the targets: {new}.", line_with(site, {call.node: new}))


def _tensors(names: Mapping[str, object]) -> list[str]:
    torch: Any = sys.modules["torch"]
    return [each for each in _TARGETS if isinstance(names.get(each, MISSING), torch.Tensor)]
