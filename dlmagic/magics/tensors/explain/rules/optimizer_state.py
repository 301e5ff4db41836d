"""A whole checkpoint that is handed to an optimiser, which takes its own part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (re.compile(r"\A'param_groups'\Z"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Under which key the optimiser's part stands."""
    step = failure.inside("load_state_dict", "torch.optim.optimizer")
    found = operands_of(failure.site)
    saved: Any = step.local("state_dict") if step is not None else None
    if step is None or len(found) < 2 or not isinstance(saved, Mapping) or not saved:
        return None
    saved_as = Operand(found[1].name, saved, found[1].node)
    keys = list(_parts(saved))
    holds = f"a checkpoint, which holds such a state under {_listed(keys)}"
    return Explained(
        kind="state-dict",
        message=f"An optimiser takes its own state, with param_groups, and {saved_as.name} "
        f"is {holds if keys else f'something else: it has {_listed(list(saved))}'}.",
        operands=(saved_as,),
        candidates=tuple(_part_alone(failure, saved_as, key, step.local("self")) for key in keys),
    )


def _parts(saved: Mapping[Any, Any]) -> Iterator[str]:
    """The keys under which there is the state of an optimiser."""
    for key, part in saved.items():
        if isinstance(key, str) and isinstance(part, Mapping) and "param_groups" in part:
            yield key


def _listed(keys: list[Any]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(f'"{key}"' for key in keys[:3]) + more


def _part_alone(failure: Failure, saved_as: Operand, key: str, optimizer: Any) -> Candidate:
    code = f'{in_brackets(saved_as.node, saved_as.name)}["{key}"]'
    line = line_with(failure.site, {saved_as.node: code}) if saved_as.node is not None else None
    groups = saved_as.value[key]["param_groups"]
    text = f'Hand in that part: ["{key}"].'
    return Candidate(text, line, lambda: _fits(groups, optimizer.param_groups))


def _fits(saved: Any, own: Any) -> Tried:
    """Whether there are as many weights in each group, which is all that PyTorch looks at."""
    counts = [[len(group["params"]) for group in groups] for groups in (saved, own)]
    return "shape-verified" if counts[0] == counts[1] else "failed"
