"""Why a mode failed, in one sentence, and at which line of the cell."""

from __future__ import annotations

import traceback

import torch

from dlmagic.frameworks.torch import _compat as compat

_KNOWN = (
    (
        "capturable",
        "The optimizer step cannot be captured as a graph: create it with capturable=True.",
    ),
    (
        "stream is capturing",
        "The cell reads a tensor's value while it is captured: .item(), print, if on a tensor.",
    ),
    (
        "legacy stream depend on a capturing",
        "A loss of an earlier run still holds its graph, where gradients would go: del loss first.",
    ),
    (
        "Could not guard on data-dependent",
        "A branch or a size depends on a tensor's value, which is known only when the graph runs.",
    ),
    ("CUDA out of memory", "The GPU has too little free memory."),
)


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of a failure of Dynamo, TorchScript or CUDA, else None.

    Args:
        error: What was raised.
        filename: The cell's file name; lines in other files are not the user's line.
    """
    text = str(error)
    if not (_is_of_torch(error) or any(sign in text for sign, _ in _KNOWN)):
        return None
    reason = next((said for sign, said in _KNOWN if sign in text), None)
    return reason or _first_sentence(text), line_of(error, filename)


def line_of(error: BaseException, filename: str | None) -> int | None:
    """The innermost line of the cell, among Dynamo's own stack and the traceback."""
    stacks = (compat.user_stack(error), traceback.extract_tb(error.__traceback__))
    for stack in stacks:
        lines = [frame.lineno for frame in stack if frame.filename == filename]
        if lines:
            return lines[-1]
    return None


def _is_of_torch(error: BaseException) -> bool:
    """Errors of the compilers; a plain RuntimeError of an operator speaks for itself."""
    module = type(error).__module__
    return module.startswith(("torch._dynamo", "torch._inductor", "torch.jit")) or isinstance(
        error, torch.jit.Error
    )


def _first_sentence(text: str) -> str:
    """The first line that says something; TorchScript begins with an empty one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    explanation = next((line for line in lines if line.startswith("Explanation: ")), None)
    if explanation is not None:
        return explanation.removeprefix("Explanation: ")
    return lines[0] if lines else "The compiler gave no reason."
