"""An optimiser of Keras that was made for the variables of another model."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (
    re.compile(
        r"Unknown variable: <(Variable path=(?P<path>[^,>]+)|[^>]*)[^>]*>\.? ?This optimizer can "
        r"only be called for the variables it was originally built with"
    ),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which optimiser, and a variable that it does not know."""
    call = called(failure.site)
    if call is None or call.owner is None or call.name not in ("apply_gradients", "apply", "fit"):
        return None
    which = f"{match['path']} is not one of them" if match["path"] else "these are not those"
    name = "its optimizer" if call.name == "fit" else call.owner.name
    return Explained(
        kind="optimizer-of-other-model",
        message=f"{name} keeps a state for the variables that it was first used with, and {which}.",
        operands=(call.owner,),
        candidates=(
            Candidate(
                "Make a new optimizer for each model, and anew when layers are added or thawed; "
                "where a tf.function calls it, make that anew, too."
            ),
        ),
    )
