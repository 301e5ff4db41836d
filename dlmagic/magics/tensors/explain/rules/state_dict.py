"""Saved weights that are not those of the model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dlmagic.errors import with_article
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"Error\(s\) in loading state_dict for \w+"),
    re.compile(r"Expected state_dict to be dict-like, got"),
)
_PREFIXES = ("module.", "_orig_mod.", "model.")
_MOST_NAMES = 3


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What is missing, what is too much, and whether a prefix is all that is between them."""
    step = failure.inside("load_state_dict", "nn.modules.module")
    found = operands_of(failure.site)
    if step is None or len(found) < 2:
        return None
    model: Any = step.local("self")
    if not isinstance(step.local("state_dict"), Mapping):
        return _of_other_object(failure, found[1], step.local("state_dict"))
    saved: Any = found[1].value if isinstance(found[1].value, Mapping) else step.local("state_dict")
    own = {key: tuple(value.shape) for key, value in _entries(model)}
    shapes = {key: tuple(value.shape) for key, value in saved.items() if hasattr(value, "shape")}
    broken = _difference(own, shapes)
    if not broken:
        return None
    saved_as = Operand(found[1].name, saved, found[1].node)
    within = _within(failure, saved_as, found[0].name, own)
    if within is not None:
        return within
    return Explained(
        kind="state-dict",
        message=f"{saved_as.name} does not fit {found[0].name}: {'; '.join(broken)}.",
        operands=(saved_as, Operand(found[0].name, model)),
        candidates=tuple(_candidates(failure, saved_as, own, shapes)),
    )


def _of_other_object(failure: Failure, handed: Operand, value: Any) -> Explained | None:
    """The name of a file, or a whole model, in the place of its weights."""
    if isinstance(value, str):
        text, new = "Read the file first: {}.", f"torch.load({handed.name})"
    elif hasattr(value, "state_dict"):
        text, new = "Take its weights: {}.", f"{in_brackets(handed.node, handed.name)}.state_dict()"
    else:
        return None
    line = line_with(failure.site, {handed.node: new}) if handed.node is not None else None
    return Explained(
        kind="state-dict",
        message=(
            f"load_state_dict takes a dictionary of weights, and {handed.name} is "
            f"{with_article(type(value).__name__)}."
        ),
        operands=(Operand(handed.name, value, handed.node),),
        candidates=(Candidate(text.format(new), line),),
    )


def _within(
    failure: Failure, saved_as: Operand, model: str, own: dict[str, Any]
) -> Explained | None:
    """A checkpoint that keeps the weights beside other things, under one of its keys."""
    parts = {key: value for key, value in saved_as.value.items() if isinstance(value, Mapping)}
    if own.keys() & saved_as.value.keys():
        return None
    for key, part in parts.items():
        shapes = {name: tuple(each.shape) for name, each in part.items() if hasattr(each, "shape")}
        inner = Operand(f"{saved_as.name}[{_literal(key)}]", part, saved_as.node)
        fixes = tuple(_candidates(failure, inner, own, shapes))
        if shapes == own:
            line = line_with(failure.site, {saved_as.node: inner.name}) if saved_as.node else None
            fixes = (Candidate(f"Load {inner.name}.", line, _fits),)
        elif not any(each.check is _fits for each in fixes):
            continue
        return Explained(
            kind="state-dict",
            message=(
                f"{saved_as.name} is not the weights of {model} themselves, but a dictionary that "
                f"has them under {_literal(key)}."
            ),
            operands=(saved_as,),
            candidates=fixes,
        )
    return None


def _literal(key: object) -> str:
    """A key as it is written in code, with the quotes that most write."""
    return f'"{key}"' if isinstance(key, str) and key.isidentifier() else repr(key)


def _entries(model: Any) -> Iterator[tuple[str, Any]]:
    yield from model.named_parameters(remove_duplicate=False)
    for name, layer in model.named_modules():
        unsaved = layer._non_persistent_buffers_set
        for key, value in layer._buffers.items():
            if value is not None and key not in unsaved:
                yield f"{name}.{key}".lstrip("."), value


def _difference(own: dict[str, Any], saved: dict[str, Any]) -> list[str]:
    missing = [key for key in own if key not in saved]
    extra = [key for key in saved if key not in own]
    changed = [key for key in own if key in saved and own[key] != saved[key]]
    texts = [f"{key} is {saved[key]} instead of {own[key]}" for key in changed]
    return [
        *([f"it lacks {_few(missing)}"] if missing else []),
        *([f"it also has {_few(extra)}"] if extra else []),
        *([_few(texts)] if texts else []),
    ]


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _candidates(
    failure: Failure, saved_as: Operand, own: dict[str, Any], saved: dict[str, Any]
) -> Iterator[Candidate]:
    name, node = saved_as.name, saved_as.node
    for prefix in _PREFIXES:
        plain = {key.removeprefix(prefix): shape for key, shape in saved.items()}
        if plain == own and plain != saved and node is not None:
            new = f'{{k.removeprefix("{prefix}"): v for k, v in {name}.items()}}'
            line = line_with(failure.site, {node: new})
            yield Candidate(f'Take "{prefix}" away from all names.', line, _fits)
            return
        if {f"{prefix}{key}": shape for key, shape in saved.items()} == own and node is not None:
            new = f'{{f"{prefix}{{k}}": v for k, v in {name}.items()}}'
            line = line_with(failure.site, {node: new})
            yield Candidate(f'Put "{prefix}" before all names.', line, _fits)
            return
    if all(own.get(key, shape) == shape for key, shape in saved.items()) and own.keys() & saved:
        yield _not_strict(failure)
    elif any(key in own and own[key] != shape for key, shape in saved.items()):
        yield Candidate("Build the model with the sizes that it was saved with.")


def _not_strict(failure: Failure) -> Candidate:
    site = failure.site
    node = site.node if site else None
    new = f"{ast.unparse(node)[:-1]}, strict=False)" if isinstance(node, ast.Call) else None
    line = line_with(site, {node: new}) if new else None
    return Candidate("To load only what fits, add strict=False.", line)


def _fits() -> Tried:
    """All names and shapes were compared before."""
    return "shape-verified"
