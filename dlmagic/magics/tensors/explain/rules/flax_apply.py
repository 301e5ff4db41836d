"""A model of Flax Linen that is called by itself, or whose ``apply`` gets something else."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.bindings import bindings
from dlmagic.magics.tensors.explain.calls import Called, call_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.sources import codes
from dlmagic.magics.tensors.explain.values import is_tensor

PATTERNS = (
    re.compile(r"Can't call compact methods on unbound modules"),
    re.compile(r"only accessible from inside 'init' or 'apply'"),
    re.compile(r'(?P<layer>\w*) needs PRNG for "(?P<stream>\w+)"'),
    re.compile(r'from collection "params" in "/(?P<path>[^"]*)" but the collection is empty'),
    re.compile(r"The first argument passed to an apply function should be a dictionary"),
    re.compile(r"__contains__: unsupported operand type"),
)
_COLLECTIONS = frozenset({"params", "batch_stats", "cache", "intermediates"})


@dataclass(frozen=True)
class _Call:
    """A call of a model, or of its ``apply``, and where it stands."""

    site: Site = field(repr=False)
    call: Called


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What is called, and what it takes first."""
    if match.re in PATTERNS[:2]:
        return _of_unbound(failure)
    found = _last(failure, _is_apply)
    if found is None:
        return None
    if match.re is PATTERNS[2]:
        return _without_key(found, match["layer"], match["stream"])
    return _of_order(found) or _of_inner(found, match.groupdict().get("path"))


def _last(failure: Failure, accepts: Callable[[Called], bool]) -> _Call | None:
    """The innermost call in the user's code that is such a one."""
    for site in reversed(failure.sites):
        if isinstance(site.node, ast.Call):
            call = call_of(site.node, site)
            if accepts(call):
                return _Call(site, call)
    return None


def _is_model(value: object) -> bool:
    linen: Any = sys.modules.get("flax.linen")
    return linen is not None and isinstance(value, linen.Module)


def _is_of_unbound(call: Called) -> bool:
    return _is_model(call.function) and call.function.scope is None


def _is_apply(call: Called) -> bool:
    """Whether it is a model's ``apply``, also by the name that a state of training has for it."""
    if call.name == "apply" and call.owner is not None:
        return _is_model(call.owner.value)
    kept = call.function
    return getattr(kept, "__name__", "") == "apply" and _is_model(getattr(kept, "__self__", None))


def _of_unbound(failure: Failure) -> Explained | None:
    found = _last(failure, _is_of_unbound)
    if found is None:
        return None
    site, call = found.site, found.call
    model = in_brackets(call.node.func, ast.unparse(call.node.func))
    names = set(_made_by_init(failure, site, model))
    variables = names.pop() if len(names) == 1 else None
    given = ", ".join(map(ast.unparse, [*call.node.args, *call.node.keywords]))
    code = f"{model}.apply({variables or 'variables'}, {given})"
    made = "" if variables else f", with variables = {model}.init(key, …)"
    line = line_with(site, {call.node: code}) if variables else None
    return Explained(
        kind="unbound-module",
        message=f"{model} holds no parameters: a module of Flax Linen gets them by its method "
        "apply, at each call.",
        candidates=(Candidate(f"Write {code}{made}.", line, None, site),),
        notes=("Once it is trained, hand in what the training gave instead.",),
    )


def _made_by_init(failure: Failure, site: Site, model: str) -> Iterator[str]:
    """Names that exist there, and that were given what the model's ``init`` returns."""
    for code in codes(failure.name_of_cell, f"{model}.init"):
        for each in bindings(code.tree):
            made = each.value.func if isinstance(each.value, ast.Call) else None
            is_init = made is not None and ast.unparse(made) == f"{model}.init"
            if is_init and isinstance(site.names.get(each.name), Mapping):
                yield each.name


def _without_key(found: _Call, layer: str, stream: str) -> Explained | None:
    """A layer that draws random numbers while the model is trained."""
    if "rngs" in found.call.keywords:
        return None
    name = ast.unparse(found.call.node.func)
    key = next(_keys(found.site, stream), None)
    code = f"rngs={{'{stream}': {key or 'key'}}}"
    text = f"Give {name} a key for it, a new one for each step: {code}."
    line = None
    if key is not None:
        line = line_with(found.site, {found.call.node: found.call.with_argument(code)})
    return Explained(
        kind="key-for-apply",
        message=f"{layer or 'A layer'} draws random numbers with a key for '{stream}', and {name} "
        "gets none.",
        candidates=(Candidate(text, line, None, found.site),),
        notes=("Where it is not trained, let its call say so: no key is needed then.",),
    )


def _keys(site: Site, stream: str) -> Iterator[str]:
    """Names there that stand for a key, and say what for."""
    for name, value in {**site.frame.f_locals}.items():
        if stream in name and ("key" in name or "rng" in name) and is_tensor(value):
            yield name


def _of_order(found: _Call) -> Explained | None:
    """``model.apply(x, variables)``."""
    arguments = found.call.arguments
    if len(arguments) < 2 or arguments[0].node is None or arguments[1].node is None:
        return None
    first, second = arguments[:2]
    if first.description is None or not isinstance(second.value, Mapping):
        return None
    changes = {arguments[0].node: second.name, arguments[1].node: first.name}
    text = f"Exchange the two: {second.name}, {first.name}."
    name = ast.unparse(found.call.node.func)
    return Explained(
        kind="variables-first",
        message=f"{name} takes the variables first and the inputs behind them, and {first.name} "
        "comes first.",
        operands=(first,),
        candidates=(Candidate(text, line_with(found.site, changes), None, found.site),),
    )


def _of_inner(found: _Call, path: str | None) -> Explained | None:
    """``model.apply(variables["params"], x)``."""
    given = found.call.argument(0, "variables")
    if given is None or given.node is None or not _are_parameters(given.value, path):
        return None
    code = _whole(given)
    return Explained(
        kind="variables-first",
        message=f"{ast.unparse(found.call.node.func)} takes variables by collection, and "
        f"{given.name} is what stands under 'params'.",
        operands=(given,),
        candidates=(
            Candidate(
                f"Write {code}.", line_with(found.site, {given.node: code}), None, found.site
            ),
        ),
    )


def _are_parameters(value: object, path: str | None) -> bool:
    """Whether it is a collection itself: of the layer that misses its own, or of arrays."""
    if not isinstance(value, Mapping) or not value or _COLLECTIONS & set(value):
        return False
    if path:
        return path.partition("/")[0] in value
    return all(is_tensor(each) for each in value.values())


def _whole(given: Operand) -> str:
    match given.node:
        case ast.Subscript(variables, ast.Constant("params")):
            return ast.unparse(variables)
        case _:
            return f"{{'params': {given.name}}}"
