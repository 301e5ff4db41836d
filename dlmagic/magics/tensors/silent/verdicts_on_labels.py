"""Whether the targets of a loss can be meant; only what cannot be right is judged."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.frameworks.operations import Labels, Operation

_SIGNS = frozenset(
    {"soft_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss", "margin_ranking_loss"}
)
_ZERO_TO_ONE = frozenset({"binary_cross_entropy_with_logits", "multilabel_soft_margin_loss"})
_PLACE = {"cosine_embedding_loss": 2, "margin_ranking_loss": 2}
_NEAR = 0.02
"""How far from 1 a sum of probabilities may be, for types of low precision."""
_MARGIN = 0.5
"""How far from 0 and 1 smoothing and noise lead on purpose."""
_ANCESTORS = 2000
_WEIGHTED = frozenset({"mul", "__mul__", "__rmul__", "mul_", "div", "__truediv__"})


@dataclass(frozen=True)
class Verdict:
    """Why targets cannot be meant.

    Attributes:
        message: One sentence.
        text: What to do about it.
        instead: What the target becomes, with ``target`` for what it is; empty where that depends.
    """

    message: str
    text: str
    instead: str = ""


def place_of_target(name: str) -> int:
    """Where targets stand among the arguments of a loss."""
    return _PLACE.get(name, 1)


def verdict_on(event: Operation, labels: Labels) -> Verdict | None:
    """None where the targets may be meant, and where weights or a mask may take them out."""
    name = event.name
    if _is_taken_out(event):
        return None
    if name in _ZERO_TO_ONE:
        return _from_zero_to_one(name, labels)
    if name in _SIGNS and labels.are_whole and (labels.lowest, labels.highest) == (0, 1):
        message = f"{name} takes -1 and 1 as targets, and they are 0 and 1."
        return Verdict(message, "Give it -1 and 1.", "2 * target - 1")
    if name == "poisson_nll_loss" and labels.lowest < 0:
        message = f"{name} takes counts as targets, and the least is {labels.lowest:g}."
        return Verdict(message, "Give it counts of 0 and more, not scaled ones.")
    if labels.row_sums is None or _is_reconstructed(event):
        return None
    return _of_rows(name, labels, *labels.row_sums)


def _from_zero_to_one(name: str, labels: Labels) -> Verdict | None:
    if labels.lowest >= -_MARGIN and labels.highest <= 1 + _MARGIN:
        return None
    low, high = labels.lowest, labels.highest
    they = f"go from {low:g} to {high:g}" if low != high else f"are all {low:g}"
    message = f"{name} takes targets from 0 to 1, and they {they}."
    return Verdict(message, "Bring them to 0 and 1.", _to_zero_and_one(labels))


def _to_zero_and_one(labels: Labels) -> str:
    if labels.are_whole and (labels.lowest, labels.highest) == (0, 255):
        return "target / 255"
    if labels.are_whole and (labels.lowest, labels.highest) == (1, 2):
        return "target - 1"
    return "(target > 0).float()" if labels.are_whole and labels.lowest < 0 else ""


def _of_rows(name: str, labels: Labels, low: float, high: float) -> Verdict | None:
    if low >= 1 - _NEAR and high <= 1 + _NEAR and labels.lowest >= -_NEAR:
        return None
    if labels.are_whole and labels.highest > 1:
        what = "numbers of classes"
        text = "Give it whole numbers, target.long(), one for each row of scores."
    else:
        what = f"rows that add up to {low:.3g}" + (f" up to {high:.3g}" if high > low else "")
        text = (
            "Divide each row by its sum, or use binary_cross_entropy_with_logits for several "
            "labels."
        )
    message = (
        f"{name} takes floating point targets as probabilities of the classes, which add up to 1; "
        f"these are {what}."
    )
    return Verdict(message, text)


def _is_reconstructed(event: Operation) -> bool:
    """Whether the scores come from the targets, as where counts are decoded: they may add up."""
    target, waiting = _argument(event, 1, "target"), list(event.inputs[:1])
    met: set[int] = set()
    while waiting and len(met) < _ANCESTORS:
        seen = waiting.pop()
        if seen is target:
            return True
        if seen.number not in met and seen.maker is not None:
            waiting += seen.maker.inputs
        met.add(seen.number)
    return False


def _is_taken_out(event: Operation) -> bool:
    """Whether weights or a later mask may take labels out, or weights are in the targets."""
    if event.options.get("reduction") == "none":
        return True
    if event.name in _ZERO_TO_ONE:
        return _argument(event, 2, "weight") is not None
    maker = getattr(_argument(event, 1, "target"), "maker", None)
    return event.name == "cross_entropy" and maker is not None and maker.name in _WEIGHTED


def _argument(event: Operation, place: int, name: str) -> object:
    given = event.arguments[place] if len(event.arguments) > place else None
    return event.options.get(name, given)
