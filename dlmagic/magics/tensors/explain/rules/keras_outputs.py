"""A model of Keras with several outputs: one array of labels for all, or names of no output."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import calls_of, edited_lines, keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Expected keys \[.*\] in loss dict|in the `loss` argument, can't be found"),
    re.compile(r"y_true and y_pred have different structures"),
    re.compile(r"Expected \w+, but got \w+ of type 'str'"),
)
_METHODS = ("fit", "evaluate", "train_on_batch", "test_on_batch")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which names stand for no output, or that there are labels for one output alone."""
    call, known, site = called(failure.site), keras_rules(), failure.site
    if call is None or call.owner is None or known is None or site is None:
        return None
    if call.name not in _METHODS or known.is_compiled(call.owner.value) is not True:
        return None
    outputs, labels = known.outputs_of(call.owner.value), call.argument(1, "y")
    if not outputs:
        return None
    return (
        _of_loss(site, call.owner, known.loss_of(call.owner.value), outputs)
        or _of_labels(call.owner, labels, outputs)
        or _of_one_array(call, call.owner, labels, outputs)
    )


def _of_loss(site: Site, model: Operand, loss: object, outputs: Sequence[str]) -> Explained | None:
    strange = _strange(loss, outputs)
    if not strange:
        return None
    return Explained(
        kind="output-names",
        message=f"The loss of {model.name} names {_listed(strange)}, and its {_outputs(outputs)}.",
        operands=(model,),
        candidates=tuple(_renamed(site, model.name, loss, strange, outputs)),
    )


def _renamed(
    site: Site, model: str, loss: object, strange: Sequence[str], outputs: Sequence[str]
) -> Iterator[Candidate]:
    """The name in the dict of ``compile``, where one is wrong and one output is left."""
    text = "Name them as the outputs are named: name= of the last layers, or the keys of a dict."
    named = loss if isinstance(loss, dict) else {}
    left = [each for each in outputs if each not in named]
    if len(strange) != 1 or len(left) != 1:
        yield Candidate(text)
        return
    changes = (
        (key, f'"{left[0]}"')
        for call in calls_of(site, "compile")
        if ast.unparse(call.func) == f"{model}.compile"
        for key in _keys(call, "loss")
        if getattr(key, "value", None) == strange[0]
    )
    yield from edited_lines(site, changes, f'Name the output: "{left[0]}".')


def _keys(call: ast.Call, argument: str) -> Iterator[ast.expr]:
    """The keys of a dict that is written out."""
    for each in call.keywords:
        if each.arg == argument and isinstance(each.value, ast.Dict):
            yield from (key for key in each.value.keys if key is not None)


def _of_labels(model: Operand, labels: Operand | None, outputs: Sequence[str]) -> Explained | None:
    strange = _strange(_named(labels), outputs) if labels is not None else []
    if labels is None or not strange:
        return None
    name = labels.name if labels.name.isidentifier() else "The labels"
    return Explained(
        kind="output-names",
        message=f"{name} {'has' if name == labels.name else 'have'} {_listed(strange)}, and the "
        f"{_outputs(outputs, model.name)}.",
        operands=(labels,),
        candidates=(Candidate("Name the labels as the outputs are named."),),
    )


def _named(labels: Operand) -> object:
    """The labels by name; without their values where the dict is written out."""
    if not isinstance(labels.node, ast.Dict):
        return labels.value
    keys = [each for each in labels.node.keys if isinstance(each, ast.Constant)]
    return {each.value: None for each in keys}


def _strange(named: object, outputs: Sequence[str]) -> list[str]:
    keys = named if isinstance(named, dict) else {}
    return [each for each in keys if isinstance(each, str) and each not in outputs]


def _of_one_array(
    call: Called, model: Operand, labels: Operand | None, outputs: Sequence[str]
) -> Explained | None:
    if len(outputs) < 2 or labels is None or labels.description is None:
        return None
    return Explained(
        kind="output-labels",
        message=f"{model.name} has {len(outputs)} outputs, {_joined(outputs)}, and {call.name} "
        f"gets one array of labels for all: {labels.name} {labels.shape}.",
        operands=(labels,),
        candidates=(
            Candidate(f"Hand in labels for each output, in the order {', '.join(outputs)}."),
        ),
    )


def _outputs(outputs: Sequence[str], model: str = "") -> str:
    of_model = f" of {model}" if model else ""
    if len(outputs) == 1:
        return f"only output{of_model} is {_listed(outputs)}"
    return f"outputs{of_model} are {_listed(outputs)}"


def _listed(names: Sequence[str]) -> str:
    return _joined([f'"{each}"' for each in names])


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
