"""Parameters that get gradients and that no optimiser changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from torch import nn

from dlmagic.frameworks.torch.reached import held_by, modules, optimisers, reached


def untrained(
    namespace: Mapping[str, object], held: Collection[int], with_gradient: Collection[int]
) -> tuple[str, ...]:
    """Names of parameters with a gradient that are in no optimiser.

    What is left out on purpose does not count: modules that evaluate and that no optimiser changes
    anything of, and the first layers of a model of which the last ones are trained. Nor does
    anything count where an optimiser changes tensors that are of no module, such as an image.

    Args:
        namespace: The notebook's names; optimisers in them count, also in objects and containers.
        held: Identities of parameters that optimisers have been seen to change.
        with_gradient: Identities of tensors that gradients have reached.
    """
    of_modules = {id(p) for each in modules(namespace).values() for p in each.parameters()}
    if not of_modules.intersection(held):
        return ()
    known = set(held).union(*map(held_by, optimisers(namespace).values()))
    left_out = set(with_gradient) - known - set(_on_purpose(namespace, known))
    names = {
        id(value): name
        for name, value in reversed(list(reached(namespace)))
        if isinstance(value, nn.Parameter) and value.requires_grad
    }
    return tuple(sorted(name for key, name in names.items() if key in left_out))


def _on_purpose(namespace: Mapping[str, object], known: Collection[int]) -> Iterator[int]:
    for module in modules(namespace).values():
        keys = [id(parameter) for parameter in module.parameters()]
        own = {id(parameter) for parameter in module.parameters(recurse=False)}
        places = [place for place, key in enumerate(keys) if key in known]
        if places:
            first_layers = keys[: places[0]]
            # Only where all from there on are trained: the last layers of a model. What the model
            # holds itself comes first, too, and is no layer.
            all_others = len(places) + len(first_layers) == len(keys)
            yield from first_layers if all_others and not own.issuperset(first_layers) else ()
        elif not any(each.training for each in module.modules()):
            yield from keys
