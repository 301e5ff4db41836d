"""A metric of a Keras model that does not measure what its name says, for what the model gives."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.magics.tensors.silent.fitted import FITTING, fitted
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Models that the cell trains or evaluates, as they are compiled then."""

    kind = "metric-against-output"
    sure: Sure = "certain"
    sign = FITTING

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each model once, unless its loss does not fit either: another rule speaks of that."""
        known = set()
        for use in fitted(after):
            problem = after.problem_of_metrics(use.model, use.labels)
            if problem is None or use.name in known or after.problem_of_model(use.model):
                continue
            known.add(use.name)
            message, advice = f"{use.name} {problem[0]}.", problem[1]
            yield Mistake(message, line=use.line, text=advice, operands=(use.name,))
