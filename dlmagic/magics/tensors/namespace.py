"""What the metadata of all tensors together say about a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from dlmagic.display.units import data_size
from dlmagic.finding import Finding, Fix
from dlmagic.magics.tensors.collect import Found
from dlmagic.magics.tensors.sharing import shared

_LARGE = 10_000_000
"""Bytes from which it is worth to tell who keeps them."""


def findings_about(
    namespace: Mapping[str, object], own: Sequence[Found], others: Sequence[Found]
) -> Iterator[Finding]:
    """What the user should know.

    Args:
        namespace: The notebook's names.
        own: The tensors that its names lead to.
        others: Those that only old results and the last error keep.
    """
    yield from _kept(own, others)
    if "torch" in sys.modules:
        yield from _of_torch(namespace, own)


def _kept(own: Sequence[Found], others: Sequence[Found]) -> Iterator[Finding]:
    """Memory that would be free if nothing but names kept tensors."""
    named = _bytes(own)
    keepers: dict[str, list[Found]] = {}
    for each in others:
        keepers.setdefault(_keeper(each), []).append(each)
    for keeper, found in keepers.items():
        free = _bytes([*own, *found]) - named
        if free >= _LARGE:
            advice = (
                "The next error takes its place."
                if keeper == "the last error"
                else "A line that ends in ; leaves nothing in Out."
            )
            yield Finding(
                kind="kept-alive",
                level="warning",
                message=f"{keeper[:1].upper()}{keeper[1:]} keeps {data_size(free)} of tensors that "
                "no name leads to any more.",
                operands=tuple(each.name for each in found[:3]),
                fix=Fix(advice),
            )


def _keeper(found: Found) -> str:
    return found.name.partition("]")[0] + "]" if found.name[:4] == "Out[" else "the last error"


def _bytes(found: Sequence[Found]) -> int:
    return shared([each.description.memory or () for each in found])[1]


def _of_torch(namespace: Mapping[str, object], own: Sequence[Found]) -> Iterator[Finding]:
    module = import_module("dlmagic.frameworks.torch.models_and_optimizers")
    for name, devices in module.on_several_devices(namespace):
        yield Finding(
            kind="several-devices",
            level="hint",
            message=f"Parameters of {name} lie on {' and '.join(devices)}.",
            operands=(name,),
            fix=Fix(f"Where that is not on purpose, move all of them: {name}.to({devices[-1]!r})."),
        )
    known = {id(value) for each in own for value in each.values}
    for optimizer, model in module.of_former_models(namespace, known):
        yield Finding(
            kind="optimiser-of-another-model",
            level="hint",
            message=f"{optimizer} holds none of the parameters of {model}, but those of a model "
            "like it that no name leads to any more.",
            operands=(optimizer, model),
            fix=Fix(f"Make {optimizer} again, from {model}.parameters()."),
        )
