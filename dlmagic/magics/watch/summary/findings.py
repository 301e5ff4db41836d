"""What a summary shows beside its figures: parameters that nothing uses, shared ones, reuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.display.units import listed, plural
from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.summary.calls import Looked
from dlmagic.magics.watch.summary.result import LayerCall

_MOST_NAMED = 6


def findings_about(looked: Looked) -> Iterator[Finding]:
    """Parameters that no layer call has used."""
    if looked.used is None:
        return
    places = _places(looked)
    unused = [places[identity] for identity in places if identity not in looked.used]
    if not unused:
        return
    names = [named[0] for named, _ in unused]
    size = sum(size for _, size in unused)
    yield Finding(
        kind="unused-parameters",
        level="warning",
        message=(
            f"{plural(size, 'parameter')} {'is' if size == 1 else 'are'} used by no layer call: "
            f"{listed(names, _MOST_NAMED)}."
        ),
        operands=tuple(names),
        fix=Fix("Call the layer, or remove it: with such an input no gradient ever reaches it."),
    )


def notes_about(rows: Sequence[LayerCall], looked: Looked) -> Iterator[str]:
    """What is shared and what is called more than once, and how that is counted."""
    shared = [(names, size) for names, size in _places(looked).values() if len(names) > 1]
    if shared:
        together = plural(sum(size for _, size in shared), "parameter")
        equal = listed((" = ".join(names) for names, _ in shared), _MOST_NAMED)
        yield f"Shared, and counted once: {together} ({equal})."
    layers = {holder.path: (holder.path, *holder.also) for holder in looked.holders if holder.also}
    if layers:
        equal = listed((" = ".join(paths) for paths in layers.values()), _MOST_NAMED)
        yield f"The same layer in several places, and counted once: {equal}."
    again = {row.layer: row.calls for row in rows if row.calls > 1}
    if again:
        named = listed((f"{layer} ({calls} times)" for layer, calls in again.items()), _MOST_NAMED)
        yield f"Called more than once: {named}. Parameters count once, FLOPs with every call."


def _places(looked: Looked) -> dict[int, tuple[list[str], int]]:
    """The names of each parameter, and its size."""
    places: dict[int, tuple[list[str], int]] = {}
    for holder in looked.holders:
        for weight in holder.own:
            name = f"{holder.path}.{weight.name}".lstrip(".")
            places.setdefault(weight.identity, ([], weight.size))[0].append(name)
    return places
