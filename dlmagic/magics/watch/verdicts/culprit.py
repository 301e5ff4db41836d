"""The words for the layer that made the first NaN or Inf."""

from __future__ import annotations

from dlmagic.display.units import count, listed, tiny
from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.verdicts.causes import cause_of
from dlmagic.magics.watch.verdicts.dialects import in_words_of
from dlmagic.magics.watch.verdicts.symptom import named_layer

_NAMED = 6
_STOP = "Watch with --stop-on nan to end the run here."


def finding_of(culprit: Culprit, framework: str = "torch") -> Finding:
    """One sentence on where it happened, one on what went in, and what to try.

    Args:
        culprit: Where it happened.
        framework: That of the model, as its watcher names it.
    """
    says = {
        "input": _input,
        "parameter": _parameter,
        "forward": _forward,
        "loss": _loss,
        "backward": _backward,
        "unknown": _unknown,
        "donated": _donated,
        "result": _result,
    }[culprit.pass_](culprit)
    # Of a weight it is not known what spoiled it, only that this was before.
    cause = cause_of(culprit) if culprit.pass_ != "parameter" else None
    why = f", likely because {cause.why}" if cause else ""
    message = f"At step {culprit.step}, {_where(culprit)}{says}{_given(culprit)}{why}."
    fix = Fix(in_words_of(framework, cause.advice if cause else _advice(culprit)))
    operands = (culprit.layer,) if culprit.layer else ()
    return Finding("not-finite", "error", message, operands=operands, fix=fix)


_ADVICE = {
    "input": "Look at how the batch is read: missing values, a division by zero in its scaling.",
    "parameter": "The step before went wrong. " + _STOP,
    "forward": _STOP,
    "loss": "Look at the loss: a logarithm or root of zero, a mean over nothing, labels out of "
    "range, targets that are NaN.",
    "backward": "Look at what the layer computes at the edges of its range, such as at zero.",
    "unknown": "Look at the loss first{naming}.",
    "donated": "Without donate_argnums the step is run once more beside the training, to find "
    "where it began.",
    "result": 'Look at the loss first; with jax.config.update("jax_debug_nans", True) JAX names '
    "the operation that makes a NaN, at some cost.",
}

_AT_START = "Look at how the weights are made or loaded: they were so before the first step."


def _advice(culprit: Culprit) -> str:
    at_start = culprit.pass_ == "parameter" and culprit.step == 1
    return _AT_START if at_start else _ADVICE[culprit.pass_]


def _input(culprit: Culprit) -> str:
    if culprit.parameter:
        return f"{culprit.parameter}, given to the step, is not finite: {_amount(culprit)}"
    return f"the batch that the model was called with is not finite: {_amount(culprit)}"


def _parameter(culprit: Culprit) -> str:
    place = f"{culprit.parameter} of {_layer(culprit)}"
    return f"{place} was not finite before the model was called: {_amount(culprit)}"


def _forward(culprit: Culprit) -> str:
    return (
        f"the first {culprit.what} came out of {_layer(culprit)}{_call(culprit)} in the forward "
        f"pass: {_amount(culprit)}{_operation(culprit)}"
    )


def _backward(culprit: Culprit) -> str:
    if not culprit.certain:
        return (
            f"gradients were not finite from {_layer(culprit)} backwards, as the gradients tell: "
            f"those of {culprit.count} of {culprit.total} parameters"
        )
    return (
        f"the first gradient that is {culprit.what} came out of {_layer(culprit)}"
        f"{_call(culprit)} in the backward pass: {_amount(culprit)}{_operation(culprit)}"
    )


def _loss(culprit: Culprit) -> str:
    return (
        "all outputs of the model were finite and the loss, or its gradient, was not: "
        f"{_amount(culprit)} that came back from it"
    )


def _unknown(culprit: Culprit) -> str:
    if not culprit.count:
        return "a gradient was not finite, and the step run once more does not show where"
    return (
        f"the gradients of {culprit.count} of {culprit.total} parameters were not finite; where "
        "it began cannot be told from them"
    )


def _donated(culprit: Culprit) -> str:
    return (
        f"{_returned(culprit)}; the step could not be run once more to find where it began, as it "
        "takes the memory of its arguments (donate_argnums)"
    )


def _result(culprit: Culprit) -> str:
    return f"{_returned(culprit)}; where it began is not known"


def _returned(culprit: Culprit) -> str:
    if culprit.total == 1:
        return f"the one number that the step returned is {culprit.what}"
    verb = "is" if culprit.count == 1 else "are"
    amount = f"{count(culprit.count)} of {count(culprit.total)} numbers"
    first = f", the first at index {count(culprit.call - 1)}" if culprit.call > 1 else ""
    return f"{amount} that the step returned {verb} {culprit.what}{first}"


def _where(culprit: Culprit) -> str:
    """On which ranks, where several train."""
    if not culprit.ranks:
        return ""
    plural = "" if len(culprit.ranks) == 1 else "s"
    return f"on rank{plural} {listed(map(str, culprit.ranks), most=_NAMED)}, "


def _layer(culprit: Culprit) -> str:
    return named_layer(culprit.layer, culprit.kind)


def _call(culprit: Culprit) -> str:
    return f", in its call {culprit.call}," if culprit.call > 1 else ""


def _operation(culprit: Culprit) -> str:
    return f", from {culprit.operation.strip('_')}" if culprit.operation else ""


def _amount(culprit: Culprit) -> str:
    verb = "is" if culprit.count == 1 else "are"
    return f"{count(culprit.count)} of {count(culprit.total)} values {verb} {culprit.what}"


def _given(culprit: Culprit) -> str:
    """What the operation worked on; of a batch or a weight it is what else is in it."""
    if culprit.inputs is None:
        return ""
    low, high = (_number(end) for end in culprit.inputs)
    subject = "the others lie" if culprit.pass_ in ("input", "parameter") else "its inputs lie"
    return f"; {subject} between {low} and {high}"


def _number(value: float) -> str:
    return f"-{tiny(-value)}" if value < 0 else tiny(value)
