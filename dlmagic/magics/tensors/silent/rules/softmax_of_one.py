"""A softmax over an axis of one element, which is 1 whatever goes in."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.captured import Frame, Span
from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.ancestry import SAME_NUMBERS, is_learned, maker_through, plain
from dlmagic.magics.tensors.silent.constant import softmax_behind
from dlmagic.magics.tensors.silent.layers import along_last_axis, as_sigmoid, deciding_call
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure
from dlmagic.magics.tensors.silent.scores import SOFTMAX, axis_of, classes, function_of, is_over_one
from dlmagic.magics.tensors.silent.writing import rewritten

_OF_CLASSES = frozenset({"cross_entropy", "nll_loss"})
_COMPARING = frozenset({"gt", "ge", "lt", "le", "round"})


class Rule(Listening):
    """Softmax and log-softmax along an axis of length one, where a loss is made of them.

    Attention to a single step has such a softmax, too: its weights then meet other values.
    """

    kind = "softmax-of-one"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._used: dict[Span | None, tuple[Operation, Operation]] = {}
        self._of_many: set[Span | None] = set()

    def hear(self, event: Event) -> None:
        """What becomes of a softmax: a loss, or a decision."""
        if not isinstance(event, Operation) or not event.inputs:
            return
        if function_of(event) in (SOFTMAX, "log_softmax") and not is_over_one(event):
            self._of_many.add(event.span)  # an attention to a sequence that grows, say
        made = _softmax_used_by(event)
        if made is not None:
            if made.span not in self._used and is_learned(made.inputs[0]):
                self._used[made.span] = (made, event)
        elif event.name == "cross_entropy" and _is_of_one_class(event.inputs[0]):
            self.found.append(_mistake_of_loss(event))

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        self.found += [
            _mistake(after, made, use)
            for made, use in self._used.values()
            if made.span not in self._of_many
        ]
        return super().mistakes(after)


def _softmax_used_by(event: Operation) -> Operation | None:
    name = plain(event.name)
    first = event.inputs[0]
    if name == "backward" or "loss" in name or "entropy" in name or name == "kl_div":
        return softmax_behind(first)
    if name in _COMPARING and len(event.inputs) == 1:
        made = maker_through(first, SAME_NUMBERS)
        return made if made is not None and is_over_one(made) else None
    return None


def _is_of_one_class(scores: Seen) -> bool:
    """Whether several samples have a score of one class each, which parameters gave."""
    return len(scores.shape) > 1 and classes(scores) == 1 < scores.shape[0] and is_learned(scores)


def _mistake_of_loss(loss: Operation) -> Mistake:
    return Mistake(
        "cross_entropy of a single class is 0 whatever the score: nothing can be learned.",
        loss.frame,
        text="Use binary_cross_entropy_with_logits for one score, or give each class its own.",
    )


def _mistake(after: After, made: Operation, use: Operation) -> Mistake:
    function = function_of(made)
    value = 1 if function == SOFTMAX else 0
    wrong_axis = axis_of(made) == 0 and made.inputs[0].shape[-1] > 1
    frame, code = _mended(after, made, wrong_axis, use)
    one_score = "Use a sigmoid for one score, or give each class a score of its own."
    return Mistake(
        message=(
            f"{function} over an axis of one element gives {value} whatever goes in: nothing can "
            "be learned through it."
        ),
        frame=frame or use.frame,
        text="Take the axis of the classes: dim=-1." if wrong_axis else one_score,
        code=code,
    )


def _mended(
    after: After, made: Operation, wrong_axis: bool, use: Operation
) -> tuple[Frame | None, str | None]:
    """Along another axis; or as a sigmoid, where one number for each sample is what counts."""
    function = function_of(made)
    call = deciding_call(after, made, function)
    if call is None or made.frame is None:
        return made.frame, None
    frame = Frame(made.frame.file, call.lineno, "")
    if wrong_axis:
        return rewritten(frame, {call: along_last_axis(after, call)})
    code = as_sigmoid(after, call) if function == SOFTMAX and use.name not in _OF_CLASSES else None
    return rewritten(frame, {call: code}) if code is not None else (frame, None)
