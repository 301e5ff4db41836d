"""The words for layers whose parameters require gradients in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.display.units import plural
from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.sample_result import Untrained
from dlmagic.magics.watch.verdicts.symptom import and_others, named_layer

_FEWEST_SAMPLES, _FEWEST_STEPS = 5, 20
_FREEZE = "Where it is meant, say so with requires_grad_(False)."
_CUT = (
    "See that its output reaches the loss: .detach(), .data, .item() and torch.no_grad() cut it "
    f"off. {_FREEZE}"
)
_LEFT_OUT = (
    "Give its parameters to the optimiser, which must be made after the layer is made or replaced. "
    f"{_FREEZE}"
)
_NONE = (
    "Call loss.backward() before the optimiser's step, and clear gradients before it or after the "
    "step, not between the two."
)


def findings_of(untrained: Sequence[Untrained], *, samples: int, steps: int) -> Iterator[Finding]:
    """What is odd about them; nothing before there were enough steps.

    Args:
        untrained: The layers.
        samples: Steps that were measured.
        steps: Steps in all.
    """
    cut = [each for each in untrained if each.optimised]
    left_out = [each for each in untrained if not each.optimised]
    if steps < _FEWEST_STEPS:
        return
    if cut and samples >= _FEWEST_SAMPLES:
        within = f"in {plural(samples, 'measured step')}"
        if cut[0].kind:
            yield _hint("no-gradient", cut, f"got no gradient {within}", _CUT)
        else:
            message = f"No optimiser found a gradient {within}."
            yield Finding("no-gradient", "warning", message, fix=Fix(_NONE))
    if left_out:
        yield _hint("not-optimised", left_out, "are in no optimiser that took a step", _LEFT_OUT)


def _hint(kind: str, layers: Sequence[Untrained], what: str, advice: str) -> Finding:
    first, others = layers[0], [each.layer for each in layers[1:]]
    named = named_layer(first.layer, first.kind)
    message = f"The parameters of {named} require gradients and {what}.{and_others(others)}"
    operands = tuple(each.layer for each in layers)
    return Finding(kind, "hint", message, operands=operands, fix=Fix(advice))
