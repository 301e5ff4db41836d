"""Why a mode failed, in one sentence, and at which line of the cell."""

from __future__ import annotations

import re

import tensorflow as tf

from dlmagic.frameworks.tensorflow.lines import line_of

_AS_WRITTEN = "Write it with operations of TensorFlow, or use the mode eager."
_KNOWN = (
    (
        r"object has no attribute '(numpy|item|tolist)'",
        "A tensor has numbers to ask for with .{0}() only outside of a graph.",
    ),
    (
        r"SymbolicTensor'? object has no attribute '(\w+)'",
        "A tensor of a graph has no attribute {0}; a NumPy array of the cell is one there, too.",
    ),
    (
        r"Cannot convert a symbolic tf\.Tensor",
        "NumPy computes with numbers, and a graph has none: use the operation of TensorFlow.",
    ),
    (
        r"Iterating over a symbolic",
        "A graph cannot run a comprehension, zip or list over a tensor: use a for loop over it.",
    ),
    (
        r"Python iterates over a data set of the graph",
        "A graph cannot run a comprehension or list over a data set: use a for loop over it.",
    ),
    (
        r"Using a symbolic `tf\.Tensor` as a Python `bool`",
        "Python must decide on the value of a tensor here, which a graph does not have yet.",
    ),
    (
        r"only supports singleton tf\.Variables|tf\.function-decorated function tried to create",
        "It makes a variable, which a graph can make only once: make it in an earlier cell.",
    ),
    (
        r"'(\w+)' must be defined before the loop",
        "The loop is one operation of the graph, and {0} has no value before it: set {0} first.",
    ),
    (
        r"'(\w+)' must also be initialized in the (\w+) branch",
        "The branch is an operation of the graph: {0} needs a value in the {1} branch, too.",
    ),
    (
        r"'(\w+)' has dtype (\w+) before the loop, but dtype (\w+) after",
        "{0} is {1} before the loop and {2} after it: a graph needs one type, so begin with that.",
    ),
    (
        r"'(\w+)' has shape (.*?) before the loop, but shape (.*?) after",
        "{0} changes its shape in the loop, from {1} to {2}: a graph needs one shape.",
    ),
    (
        r"is out of scope and cannot be used here",
        "A Python list keeps a value of a loop in the graph: use a tf.TensorArray.",
    ),
    (
        r"has type (float\d+|bfloat16) that does not match type (float\d+|bfloat16) of",
        "{1} meets {0}, which a graph does not convert: use .astype on the array before.",
    ),
    (
        r"End of sequence",
        "The iterator ends while the cell is called again and again: make it in this cell.",
    ),
    (r"does not support item assignment", "A tensor of a graph cannot be written to."),
    (
        r"passed to SymbolicTensor\.__format__",
        "A text needs the numbers of a tensor, which a graph does not have: use tf.print.",
    ),
    (
        r"(Input 'pred' passed (\w+) expected bool)|condition of .* expected to be `tf\.bool`",
        "A branch in a graph needs one tf.bool, so compare the tensor with something.",
    ),
)  # fmt: skip
_XLA = re.compile(r"on XLA_\w+: (\w+) \(")
_OF_LOOPS = re.compile(r"Dataset$|^Iterator|^Anonymous\w*Iterator|^MakeIterator")
_TEXT = ("String", "AsString", "PrintV2", "_Retval", "RegexReplace", "Substr")
_PYTHON = ("EagerPyFunc", "PyFunc", "PyFuncStateless")


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of a failure of TensorFlow, AutoGraph or XLA, else None.

    Args:
        error: What was raised.
        filename: The cell's file name; lines in other files are not the user's line.
    """
    text = "End of sequence" if isinstance(error, StopIteration) else str(error)
    reason = _of_xla(text) or _known(text)
    if reason is None and not _is_of_tensorflow(error):
        return None
    return reason or _essence(text, error), line_of(error, filename)


def _known(text: str) -> str | None:
    for sign, said in _KNOWN:
        found = re.search(sign, text)
        if found is not None:
            return said.format(*found.groups())
    return None


def _of_xla(text: str) -> str | None:
    """Which operation XLA cannot compile."""
    found = _XLA.search(text) if "unsupported operations" in text else None
    if found is None:
        return None
    name = found[1]
    if _OF_LOOPS.search(name):
        return f"XLA cannot compile a loop over a data set ({name})."
    if name.startswith(_TEXT):
        return f"XLA cannot compile text or printing ({name})."
    if name in _PYTHON:
        return f"XLA cannot compile Python code, as in tf.py_function ({name})."
    return f"XLA cannot compile the operation {name}."


def _is_of_tensorflow(error: BaseException) -> bool:
    """Whether TensorFlow raised it, or AutoGraph put its own words around it."""
    return isinstance(error, tf.errors.OpError) or str(error).startswith("in user code:")


def _essence(text: str, error: BaseException) -> str:
    """The sentence that says what is wrong, without stacks, node names and addresses."""
    if text.startswith("in user code:"):
        text = text.rstrip().rpartition("\n\n")[2].strip()
    elif text.startswith("Graph execution error:"):
        text = _after_stack(text)
    text = re.sub(r"\s*(for )?'?\{\{node [^}]*\}\}'?( = \w+\[[^\]]*\]\([^)]*\))?", "", text)
    text = re.sub(r"\s*\[\[?\]?\]?\s*\[Op:\w+\]|\s*\[Op:\w+\]", "", text)
    line = " ".join(text.split("\n")[0].split()).rstrip(".")
    return f"{line}." if line else f"{type(error).__name__}."


def _after_stack(text: str) -> str:
    """What follows the stack of the operation that failed while the graph ran."""
    lines = [line for line in text.split("\n")[1:] if line.strip()]
    said = [line for line in lines if not line.startswith(("  ", "Detected at", "<stack", "\t"))]
    return "\n".join(said)
