"""Data that is to be split, mixed or packed otherwise than its lengths or its kind allow."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

_SPLIT = re.compile(r"Sum of input lengths does not equal the length of the input dataset")
_MIXED = re.compile(r"DataLoader with IterableDataset: expected unspecified shuffle option")
_UNSORTED = re.compile(r"`lengths` array must be sorted in decreasing order")
_ELSEWHERE = re.compile(
    r"'lengths' argument should be a 1D CPU int64 tensor, but got 1D (?P<on>\w+)"
)
PATTERNS = (_SPLIT, _MIXED, _UNSORTED, _ELSEWHERE)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What is asked for, and the call that works."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None:
        return None
    if match.re is _SPLIT:
        return _split(failure, site, call)
    if match.re is _MIXED:
        return _mixed(site, call)
    if call.name != "pack_padded_sequence":
        return None
    return _unsorted(site, call) if match.re is _UNSORTED else _elsewhere(site, call, match["on"])


def _split(failure: Failure, site: Site, call: Called) -> Explained | None:
    """The last length is what the others leave."""
    step = failure.inside("random_split")
    data, lengths = call.argument(0, "dataset"), call.argument(1, "lengths")
    known: Any = step.local("lengths") if step is not None else None
    if data is None or lengths is None or not isinstance(known, list | tuple) or not known:
        return None
    if any(isinstance(each, float) for each in known):
        message = f"The shares of a split must make 1 together; {lengths.name} make {sum(known):g}."
        return Explained("split-lengths", message, (lengths,))
    size = _size(data.value)
    samples = f"all {size} samples" if size is not None else "all samples"
    change = "Give shares, such as [0.8, 0.2], which make 1 together."
    candidate = Candidate(change)
    if isinstance(lengths.node, ast.List | ast.Tuple) and len(lengths.node.elts) > 1:
        *others, last = lengths.node.elts
        rest = f"len({data.name}) - {' - '.join(map(_term, others))}"
        fits = size is None or sum(known[:-1]) <= size
        if fits and not any(isinstance(each, ast.Starred) for each in lengths.node.elts):
            text = f"Let the last part be what the others leave: {rest}."
            candidate = Candidate(text, line_with(site, {last: rest}))
    return Explained(
        kind="split-lengths",
        message=f"A split hands out {samples} of {data.name}; {lengths.name} make {sum(known)}.",
        operands=(lengths,),
        candidates=(candidate,),
    )


def _size(data: Any) -> int | None:
    """How many samples there are, where nothing of the user's must be asked."""
    of_torch: Any = sys.modules["torch.utils.data"]
    known = (list, tuple, range, of_torch.TensorDataset, of_torch.Subset)
    return len(data) if type(data) in known else None


def _term(node: ast.expr) -> str:
    code = ast.unparse(node)
    return f"({code})" if isinstance(node, ast.BinOp | ast.IfExp) else code


def _mixed(site: Site, call: Called) -> Explained | None:
    """Only what is given by numbers can be mixed by a loader."""
    data, shuffle = call.argument(0, "dataset"), call.keywords.get("shuffle")
    if data is None or shuffle is None:
        return None
    kept = [each for each in call.node.keywords if each.arg != "shuffle"]
    new = ast.unparse(ast.Call(call.node.func, call.node.args, kept))
    return Explained(
        kind="shuffled-stream",
        message=(
            f"{data.name} is an IterableDataset, which gives its samples in an order of its own: "
            "a DataLoader cannot shuffle them."
        ),
        operands=(data,),
        candidates=(
            Candidate(
                "Leave shuffle out, and let the data set itself mix its samples.",
                line_with(site, {call.node: new}),
            ),
        ),
    )


def _unsorted(site: Site, call: Called) -> Explained | None:
    lengths = call.argument(1, "lengths")
    if lengths is None or "enforce_sorted" in call.keywords or len(call.arguments) > 3:
        return None
    new = call.with_argument("enforce_sorted=False")
    return Explained(
        kind="packed-lengths",
        message=f"The sequences are not sorted, the longest first: see {lengths.name}.",
        operands=(lengths,),
        candidates=(
            Candidate(
                "Say so: with enforce_sorted=False they are sorted, and come back in their order.",
                line_with(site, {call.node: new}),
            ),
        ),
    )


def _elsewhere(site: Site, call: Called, place: str) -> Explained | None:
    lengths = call.argument(1, "lengths")
    if lengths is None or lengths.node is None or place.lower() == "cpu":
        return None
    new = f"{in_brackets(lengths.node, lengths.name)}.cpu()"
    return Explained(
        kind="packed-lengths",
        message=(
            "The lengths of packed sequences stay on the CPU, wherever the data is; "
            f"{lengths.name} is on another device."
        ),
        operands=(lengths,),
        candidates=(Candidate(f"Write {new}.", line_with(site, {lengths.node: new})),),
    )
