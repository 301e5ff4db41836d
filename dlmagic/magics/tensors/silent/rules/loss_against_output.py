"""A Keras model whose last layer gives scores where its loss expects probabilities, or back."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_USING = frozenset({"fit", "train_on_batch", "evaluate"})


class Rule(Listening):
    """Models that the cell trains or evaluates, as they are compiled then."""

    kind = "loss-against-output"
    sure: Sure = "certain"

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each model once, at the call that uses it."""
        calls = [node for node in ast.walk(after.tree) if isinstance(node, ast.Call)]
        for node in sorted(calls, key=lambda call: call.lineno):
            match node.func:
                case ast.Attribute(ast.Name(name), method) if method in _USING:
                    found = after.problem_of_model(after.namespace.get(name))
                    if found is not None:
                        problem, advice = found
                        message = f"{name} {problem}."
                        yield Mistake(message, line=node.lineno, text=advice, operands=(name,))
                        return
                case _:
                    continue
