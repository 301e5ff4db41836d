"""A sequence with more places than a model of Hugging Face has learnt."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import at_start, named_module
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"index out of range in self"),
    re.compile(r"expanded size of the tensor \(\d+\) must match the existing size \(\d+\)"),
    re.compile(r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\)"),
    re.compile(r"index \d+ is out of bounds for dimension \d+ with size \d+"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many places the model has, and how many tokens it gets."""
    model, tokens = _model(failure)
    places = _places(model) if model is not None else None
    if places is None or tokens.shape[-1] <= places:
        return None
    given = _given(failure.site, tokens)
    name = named_module(model, failure.sites)
    return Explained(
        kind="sequence-length",
        message=(
            f"{at_start(name)} has {places} places for tokens "
            f"(max_position_embeddings), and {given.name} {tuple(tokens.shape)} has "
            f"{tokens.shape[-1]}."
        ),
        operands=(given,),
        candidates=(_cut(failure.site, model, tokens, places),),
        notes=(f"A tokenizer cuts, too: tokenizer(…, truncation=True, max_length={places}).",),
    )


def _model(failure: Failure) -> tuple[Any, Any]:
    """The model of Hugging Face that was called, and its tokens; or None for both."""
    models: Any = getattr(sys.modules.get("transformers"), "PreTrainedModel", None)
    for step in failure.below if models is not None else ():
        model, tokens = step.local("self"), step.local("input_ids")
        if isinstance(model, models) and is_plain_tensor(tokens):
            return model, tokens
    return None, None


def _places(model: Any) -> int | None:
    """For how many places the model has a row, if it has learnt a row for each."""
    torch: Any = sys.modules["torch"]
    most = getattr(model.config, "max_position_embeddings", None)
    if not isinstance(most, int):
        return None
    for name, table in model.named_modules():
        places = isinstance(table, torch.nn.Embedding) and table.num_embeddings == most
        if places and _is_of_places(name):
            first = table.padding_idx
            return most if first is None else most - first - 1  # RoBERTa counts from there
    return None


def _is_of_places(name: str) -> bool:
    last = name.rpartition(".")[2]
    return "position" in last or last == "wpe"


def _given(site: Site | None, tokens: Any) -> Operand:
    """The user's expression for the tokens."""
    node = site.node if site is not None else None
    for each in _arguments(node):
        if site is not None and value_of(each, site) is tokens:
            return Operand(ast.unparse(each), tokens, each)
    return Operand("its input", tokens)


def _arguments(node: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        yield from node.args
        yield from (each.value for each in node.keywords if each.arg is not None)


def _cut(site: Site | None, model: Any, tokens: Any, places: int) -> Candidate:
    """The call with the first tokens alone; all that has one value for each of them is cut."""
    node = site.node if site is not None else None
    text = "Cut the sequences, or divide them into shorter ones"
    if site is None or not isinstance(node, ast.Call) or value_of(node.func, site) is not model:
        return Candidate(f"{text}.")
    changes: dict[ast.AST, str] = {}
    for each in _arguments(node):
        if _is_of_tokens(value_of(each, site), tokens):
            changes[each] = f"{in_brackets(each, ast.unparse(each))}[:, :{places}]"
    for spread in (each.value for each in node.keywords if each.arg is None):
        held = told(lambda: dict(value_of(spread, site)))  # noqa: B023
        if held and all(_is_of_tokens(each, tokens) for each in held.values()):
            changes[spread] = f"{{k: v[:, :{places}] for k, v in {ast.unparse(spread)}.items()}}"
    return Candidate(
        f"{text}: [:, :{places}] takes the first {places} tokens.",
        line_with(site, changes) if changes else None,
        (lambda: "shape-verified") if changes else None,
    )


def _is_of_tokens(value: Any, tokens: Any) -> bool:
    """Whether it has one value for each token."""
    return is_plain_tensor(value) and tuple(value.shape) == tuple(tokens.shape)
