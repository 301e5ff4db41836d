"""A Keras model whose last layer gives scores where its loss expects probabilities, or back."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.magics.tensors.silent.fitted import FITTING, fitted
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Models that the cell trains or evaluates, as they are compiled then."""

    kind = "loss-against-output"
    sure: Sure = "certain"
    sign = FITTING

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each model once, at the call that uses it."""
        known = set()
        for use in fitted(after):
            problem = after.problem_of_model(use.model)
            if problem is not None and use.name not in known:
                known.add(use.name)
                message, advice = f"{use.name} {problem[0]}.", problem[1]
                yield Mistake(message, line=use.line, text=advice, operands=(use.name,))
