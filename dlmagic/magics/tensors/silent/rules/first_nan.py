"""NaN or infinity in a loss or its gradients, with the first operation that made it."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from itertools import pairwise

from dlmagic.frameworks.operations import Event, Operation, Seen, Step
from dlmagic.magics.tensors.silent.advice_on_nan import advice_on, code_for, reason_of
from dlmagic.magics.tensors.silent.ancestry import plain
from dlmagic.magics.tensors.silent.not_finite import Origin, origin_of, steep_before
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_GRADIENTS = frozenset({"backward", "grad"})
_GROWTH = 30.0
"""Times by which each loss exceeds the one before where steps are far too long."""
_FAR = 1e7
"""Numbers that nothing but such a step leads to."""


class Rule(Listening):
    """What is not finite is told of only where ``backward()`` begins at it, or a step uses it."""

    kind = "first-nan"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._origin: Origin | None = None
        self._steep: Origin | None = None
        self._losses: list[float] = []
        self._since_step: list[Seen] = []
        self._last_step: Step | None = None
        self._bad_step: Step | None = None
        self._is_over = False

    def hear(self, event: Event) -> None:
        """The first loss that is not finite, or the first step with such gradients."""
        if self._is_over:
            return
        if isinstance(event, Step):
            self._step(event)
        elif isinstance(event, Operation) and event.name in _GRADIENTS and event.inputs:
            loss = event.inputs[0]
            self._since_step.append(loss)
            self._losses += [] if event.value is None else [event.value]
            if loss.numbers not in (None, "finite"):
                self._is_over = True
                self._origin = origin_of(loss)

    def _step(self, step: Step) -> None:
        if step.has_finite_gradients is False:
            found = [steep_before(loss) for loss in self._since_step]
            self._steep = next((each for each in found if each is not None), None)
            self._is_over = self._steep is not None
            self._bad_step = self._bad_step or step
        self._last_step = step
        self._since_step = []

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """One, at the most."""
        if self._steep is not None:
            yield _of_gradient(self._steep, after)
        origin = self._origin
        if origin is None or _is_scaled(origin.operation) or _is_without_labels(origin.operation):
            return
        if self._has_exploded(origin):
            yield self._of_learning_rate(after)
        elif self._bad_step is not None and origin.data is not None:
            yield Mistake(
                "The loss is not finite; a step before it had gradients that are not, of a loss "
                "that is.",
                self._bad_step.frame,
                text="Look at what is computed backwards: %%autograd shows each gradient.",
            )
        elif origin.data is not None:
            yield _of_data(origin, after)
        else:
            yield Mistake(
                f"The loss is not finite; {reason_of(origin)} was the first to give NaN "
                "or infinity.",
                origin.operation.frame,
                text=advice_on(origin),
                code=code_for(origin.operation, after.tree),
            )

    def _has_exploded(self, origin: Origin) -> bool:
        """Whether steps have driven the parameters away: each loss was far above the last."""
        if self._last_step is None:
            return False
        before = [abs(each) for each in self._losses if math.isfinite(each)]
        if len(before) > 1:
            return all(high > _GROWTH * low for low, high in pairwise(before))
        is_far = any(abs(n) > _FAR for each in origin.operation.extremes if each for n in each)
        is_parameter = origin.data is not None and origin.data.parameter is not None
        return is_far or (is_parameter and self._bad_step is None)

    def _of_learning_rate(self, after: After) -> Mistake:
        before = [each for each in self._losses if math.isfinite(each)]
        rise = f" from {before[0]:.3g} to {before[-1]:.3g}" if len(before) > 1 else ""
        place = _learning_rate(after.tree)
        step = self._last_step
        return Mistake(
            f"The steps are too large: the loss rises{rise}, and then it is not finite.",
            step.frame if place is None and step is not None else None,
            line=place,
            text="Take a learning rate a hundred times smaller, or clip the gradients.",
        )


def _of_gradient(origin: Origin, after: After) -> Mistake:
    operation, name = origin.operation, plain(origin.operation.name)
    if operation.is_steep:
        edge = "0" if name in ("sqrt", "pow") else "±1"
        why = f"the slope of {name}() is infinite where its input is {edge}"
        text, code = advice_on(origin), code_for(operation, after.tree)
    else:
        why = f"{reason_of(origin)} is left out later, yet gradients go through it and are NaN"
        text, code = "Leave it out of the input, too: torch.where ahead of it.", None
    message = f"The loss is finite and its gradients are not: {why}."
    return Mistake(message, operation.frame, text=text, code=code)


def _of_data(origin: Origin, after: After) -> Mistake:
    data = origin.data
    assert data is not None
    name = after.name_of(data.number)
    columns = after.columns_with_nan(name) if name else ()
    where = f" in {'columns' if len(columns) > 1 else 'column'} {', '.join(columns[:3])}"
    what = "NaN" if data.numbers == "nan" else "infinity"
    holds = f"{name or 'a tensor'} holds {what}{where if columns else ''}"
    return Mistake(
        f"The loss is not finite; {holds} before anything is computed.",
        origin.operation.frame,
        text="Leave those rows out, or fill them in: torch.nan_to_num, or a mean.",
        operands=(name,) if name else (),
    )


def _learning_rate(tree: ast.Module) -> int | None:
    """The only line of the cell that sets one."""
    lines = {
        keyword.value.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "lr"
    }
    return lines.pop() if len(lines) == 1 else None


def _is_scaled(operation: Operation) -> bool:
    """Whether a scaler of gradients has multiplied a loss: it notices, and passes the step over."""
    makers = [each.maker.name for each in operation.inputs if each.maker is not None]
    return plain(operation.name) == "mul" and not operation.is_direct and "full" in makers


def _is_without_labels(operation: Operation) -> bool:
    """Whether another rule speaks of the labels that are to blame."""
    return operation.labels is not None and operation.labels.all_ignored
