"""A layer of Flax that gets another number of features than it was made for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from math import prod

from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import constructor_of_written
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(
        r'For parameter "kernel" in "(?P<path>[^"]*)", the given initializer is expected to '
        r"generate shape \((?P<needed>[\d, ]+)\), but the existing parameter it received has shape "
        r"\((?P<kept>[\d, ]+)\)"
    ),
    re.compile(r"dot_general requires contracting dimensions to have the same shape"),
    re.compile(r"conv_general_dilated lhs feature dimension size"),
)
_LINEN, _NNX = "flax.linen.linear", "flax.nnx.nn.linear"


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which layer, for how many features its weights are, and how many it gets."""
    if "path" in match.groupdict():
        return _of_kept_parameters(failure, match)
    return _of_layer(failure)


def _of_kept_parameters(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Parameters of Flax Linen, which were made for the inputs that ``init`` got."""
    needed, kept = (tuple(map(int, match[key].split(","))) for key in ("needed", "kept"))
    step = failure.inside("__call__", _LINEN)
    if step is None or len(needed) != len(kept) or len(kept) < 2 or needed[-2] == kept[-2]:
        return None
    if (*needed[:-2], needed[-1]) != (*kept[:-2], kept[-1]):
        return None
    taken = given(failure, step.local("inputs"), 0, f"the input of {match['path'][1:]}")
    return Explained(
        kind="layer-features",
        message=f"The parameters of {match['path'][1:]} were made for {kept[-2]} features, as init "
        f"saw them, and it gets {needed[-2]}: {taken.name} is {taken.shape}.",
        operands=(taken,),
        candidates=(
            *_channels_last(failure, taken, kept[-2], convolving=len(kept) > 2),
            Candidate("Give init an input of the same shape as apply, but for the batch."),
        ),
    )


def _of_layer(failure: Failure) -> Explained | None:
    """A layer of Flax NNX, which is told the number of features where it is made."""
    step, site = failure.inside("__call__", _NNX), failure.site
    layer, inputs = (step.local("self"), step.local("inputs")) if step else (None, None)
    wanted = getattr(layer, "in_features", None)
    node = site.node.func if site is not None and isinstance(site.node, ast.Call) else None
    if site is None or node is None or not isinstance(wanted, int):
        return None
    own, name = value_of(node, site) is layer, ast.unparse(node)
    taken = given(failure, inputs, 0, "the input")
    if not own:
        name = f"a {type(layer).__name__} layer within {name}"
        taken = Operand("its input", inputs)
    if not taken.shape or taken.shape[-1] == wanted:
        return None
    start = name if own else f"A{name[1:]}"
    return Explained(
        kind="layer-features",
        message=f"{start} was made for {wanted} features on the last axis and gets "
        f"{taken.shape[-1]}: {taken.name} is {taken.shape}.",
        operands=(taken,),
        candidates=tuple(_candidates(failure, node if own else None, taken, wanted)),
    )


def _candidates(
    failure: Failure, layer: ast.expr | None, taken: Operand, wanted: int
) -> Iterator[Candidate]:
    shape, node, site = taken.shape or (), taken.node, failure.site
    if node is not None and len(shape) > 2 and prod(shape[1:]) == wanted:
        code = f"{in_brackets(node, taken.name)}.reshape({shape[0]}, -1)"
        if isinstance(node, ast.Name):
            code = f"{node.id}.reshape({node.id}.shape[0], -1)"
        text = f"Flatten all axes but the batch: {code}."
        yield Candidate(text, line_with(site, {node: code}))
        return
    moved = list(_channels_last(failure, taken, wanted, convolving=len(shape) > 2))
    yield from moved
    made = constructor_of_written(layer, site, failure) if layer is not None and site else None
    if made is not None and not moved:
        line = made.with_argument(0, "in_features", str(shape[-1]))
        text = f"Make it for what it gets: {shape[-1]} features."
        yield Candidate(text, line, None, made.place)


def _channels_last(
    failure: Failure, taken: Operand, wanted: int, *, convolving: bool
) -> Iterator[Candidate]:
    """Images with their channels in front, as PyTorch has them."""
    shape, node = taken.shape or (), taken.node
    if not convolving or node is None or len(shape) < 3 or shape[1] != wanted:
        return
    code = f"{module_name(failure.site, 'jax.numpy', 'jnp')}.moveaxis({taken.name}, 1, -1)"
    yield Candidate(
        f"Bring the channels to the last axis: {code}.",
        line_with(failure.site, {node: code}),
        lambda: "shape-verified",
    )
