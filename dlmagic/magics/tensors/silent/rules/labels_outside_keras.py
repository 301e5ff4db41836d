"""Labels of a Keras model that its loss is not made for."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.magics.tensors.silent.fitted import FITTING, fitted
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Labels that have a name, where the cell trains or evaluates with them."""

    kind = "labels-outside"
    sure: Sure = "certain"
    sign = FITTING

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each labels once, unless the model's loss does not fit its output either."""
        known = set()
        for use in fitted(after):
            problem = after.problem_of_labels(use.model, use.labels) if use.labels_name else None
            if problem is None or use.labels_name in known or after.problem_of_model(use.model):
                continue
            known.add(use.labels_name)
            message, advice = f"{use.labels_name} {problem[0]}.", problem[1]
            yield Mistake(message, line=use.line, text=advice, operands=(use.labels_name, use.name))
