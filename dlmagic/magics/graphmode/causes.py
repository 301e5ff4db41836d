"""Why a graph ends, in words that a user knows, and what can be done about it.

Dynamo's own messages are the source; a cause that is not listed here keeps Dynamo's
explanation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from dlmagic.frameworks.captured import GraphBreak


@dataclass(frozen=True)
class Cause:
    """One reason for which graphs end.

    Attributes:
        pattern: What Dynamo's cause and context look like, and where it met the cause.
        text: The reason in a few words, to follow "the graph ends here:"; groups of the
            pattern stand in it as ``{name}``.
        advice: What to do, one sentence; empty where nothing can be advised.
    """

    pattern: str
    text: str
    advice: str = ""


_WITHIN = "\nwithin "
"""Stands before the file and the function in which Dynamo met the cause."""
_SAYS_NOTHING = "Dynamo does not support this"

_CAUSES = (
    Cause(
        r"^Data-dependent branching",
        "which branch to take depends on a tensor's value, known only when the graph runs",
        "Compute both sides and choose with torch.where, if both have finite gradients, or use "
        "torch.cond.",
    ),
    Cause(
        r"^Unsupported Tensor\.item|^Tensor\.tolist|^Unsupported Tensor\.tolist",
        "a tensor's value is made a Python number, which a graph does not know",
        "Keep it a tensor: write tensor operations instead of .item(), float() or int().",
    ),
    Cause(
        r"^Failed to trace builtin operator\nbuiltin print\b",
        "print() cannot be part of a graph",
        "Print after the computation, or drop the print.",
    ),
    Cause(
        r"^Failed to trace builtin operator\nbuiltin open\b",
        "a file is opened, which cannot be part of a graph",
        "Open it outside the compiled code.",
    ),
    Cause(
        r"^Failed to trace builtin operator\nbuiltin (?P<name>\w+)",
        "{name}() of this value cannot be captured",
    ),
    Cause(
        r"^logging\.Logger method not supported",
        "a log record is written, which cannot be part of a graph",
        "Log after the computation.",
    ),
    Cause(
        r"^Unsupported Tensor\.backward",
        "backward() cannot be captured in a graph",
        "Compile the forward pass and the loss; call backward() on the result.",
    ),
    Cause(
        r"autograd\.grad",
        "torch.autograd.grad() cannot be captured in a graph",
        "Compile what computes the loss; take the gradient of the result.",
    ),
    Cause(
        r"^Dynamic shape operator\n(?P<name>[\w.]+)",
        "the shape of the result of {name} depends on the values in it",
        "Keep the shape with torch.where or a mask that is multiplied.",
    ),
    Cause(
        r"^Data dependent operator\n(?P<name>[\w.]+)",
        "the result of {name} is a Python value that depends on the values of tensors",
        "Keep it a tensor.",
    ),
    Cause(
        r"^Attempted to copy\.deepcopy a tensor",
        "copy.deepcopy() of a tensor cannot be captured",
        "Use .clone(), or copy outside the compiled code.",
    ),
    Cause(
        r"^Attempted to use `torch\.nn\.Parameter\(\)`|^Uninitialized nn\.Module",
        "a model or a layer is made here, and a graph cannot make parameters",
        "Make the model in a cell above, once.",
    ),
    Cause(
        r"qualname: Optimizer\.add_param_group\b",
        "an optimizer is made here, which PyTorch does outside of graphs",
        "Make the optimizer in a cell above, once.",
    ),
    Cause(
        r"^UnspecializedNNModuleVariable missing method\n.*\bnamed_parameters\b"
        rf"|^Generator reconstruction with mutations\n.*{_WITHIN}module\.py, named_modules$",
        "the parameters of a model are listed here, which cannot be captured in a graph",
        "Make the optimizer, or the list of parameters, in a cell above, once.",
    ),
    Cause(
        r"^Generator reconstruction with mutations",
        "a generator that changes something cannot be handed on to another part of the code",
    ),
    Cause(
        r"qualname: DataLoader\.__iter__\b",
        "PyTorch runs a DataLoader outside of graphs",
        "Look at one step: take a batch in a cell above, with next(iter(loader)), and leave the "
        "loop out.",
    ),
    Cause(
        r"^Attempted to wrap RNN, GRU, or LSTM",
        "PyTorch runs recurrent layers (RNN, GRU, LSTM) outside of graphs",
        "torch._dynamo.config.allow_rnn = True lets them in, which PyTorch calls experimental.",
    ),
    Cause(
        r"^Attempted to inline function marked as skipped\nqualname: (?P<name>[\w.]+)",
        "PyTorch runs {name}() outside of graphs",
    ),
    Cause(
        r"^Attempted to call function marked as skipped\nmodule: torch\.optim\.\w+, qualname: "
        r"(?P<name>\w+\.step)\b",
        "PyTorch runs {name}() outside of graphs once a scheduler counts its steps",
    ),
    Cause(
        r"^Attempted to call function marked as skipped\nmodule: (?P<module>[\w.]+), qualname: "
        r"(?P<name>[\w.]+)",
        "{module}.{name}() cannot be captured in a graph",
        "Call it outside the compiled code and pass its result in.",
    ),
    Cause(
        r"^Attempted to call function marked as skipped\n.*qualname: (?P<name>[\w.]+)",
        "{name}() cannot be captured in a graph",
        "Call it outside the compiled code and pass its result in.",
    ),
    Cause(
        rf"^Call to `torch\._dynamo\.graph_break\(\)`\n.*{_WITHIN}optimizer\.py, _use_grad$",
        "PyTorch makes a graph of its own for the step of an optimizer",
    ),
    Cause(
        r"^Call to `torch\._dynamo\.graph_break\(\)`",
        "torch._dynamo.graph_break() is called, here or in a library",
    ),
)


def explain(found: GraphBreak) -> tuple[str, str]:
    """The reason of a break in plain words, and what to do about it.

    >>> explain(GraphBreak("Attempted to copy.deepcopy a tensor"))[1]
    'Use .clone(), or copy outside the compiled code.'
    """
    text = f"{found.cause}\n{found.context}{_innermost(found)}"
    for cause in _CAUSES:
        match = re.search(cause.pattern, text)
        if match:
            return cause.text.format(**match.groupdict()), cause.advice
    said = "" if found.explanation.startswith(_SAYS_NOTHING) else found.explanation
    said = said or found.cause or "the compiler gives no reason"
    begins = said if said.startswith("Dynamo") else said[:1].lower() + said[1:]
    return begins.rstrip("."), _of_use(found.hints)


def _innermost(found: GraphBreak) -> str:
    if not found.frames:
        return ""
    last = found.frames[-1]
    return f"{_WITHIN}{PurePath(last.file).name}, {last.function}"


def _of_use(hints: tuple[str, ...]) -> str:
    """The first hint that asks something of the user rather than of PyTorch's developers.

    That code may fail in a plain run is none: it has run so before.
    """
    asks_others = ("Please report", "This graph break", "It may be possible to write", "Dynamo")
    useless = (*asks_others, "Your code may result in an error when running in eager")
    return next((hint for hint in hints if not hint.startswith(useless)), "")
