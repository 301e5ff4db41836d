"""From calls and layers to the rows of the table: a tree, its totals, and who is counted where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from dlmagic.magics.watch.summary.calls import Call, Holder, Looked, Weight
from dlmagic.magics.watch.summary.result import LayerCall

NOT_CALLED = "not called"


@dataclass(eq=False)
class _Node:
    """A row on its way.

    Attributes:
        holder: The layer.
        call: Its call; None for a layer that is not called.
        inside: The rows inside of it.
        number: Which call of the layer it is.
    """

    holder: Holder
    call: Call | None = None
    inside: list[_Node] = field(default_factory=list)
    number: int = 0


def rows_of(looked: Looked) -> tuple[LayerCall, ...]:
    """The rows: calls in their order, what is not called behind them, in what holds it."""
    holders = {holder.path: holder for holder in looked.holders}
    nodes, times = _called(looked.calls, holders)
    root = nodes[0] if nodes else _Node(holders[""])
    _add_the_rest(root, nodes, holders)
    return tuple(_Rows(times, looked).of(root))


def _called(calls: Iterable[Call], holders: dict[str, Holder]) -> tuple[list[_Node], Counter[str]]:
    nodes: dict[Call, _Node] = {}
    times: Counter[str] = Counter()
    for call in calls:
        times[call.path] += 1
        nodes[call] = _Node(holders[call.path], call, number=times[call.path])
        if call.parent is not None:
            nodes[call.parent].inside.append(nodes[call])
    return list(nodes.values()), times


def _add_the_rest(root: _Node, nodes: list[_Node], holders: dict[str, Holder]) -> None:
    """Layers without a call: those that hold parameters, and whole parts that nothing calls."""
    places = {root.holder.path: root}
    for node in nodes:
        places.setdefault(node.holder.path, node)
    reached = {above for path in places if path for above in _above(path)}
    for path, holder in holders.items():
        if path in places or (path in reached and not holder.own):
            continue
        outer = next(above for above in _above(path) if above in places)
        places[path] = _Node(holder)
        places[outer].inside.append(places[path])


def _above(path: str) -> Iterator[str]:
    """The paths that a path is inside of, innermost first."""
    while path:
        path = path.rpartition(".")[0]
        yield path


class _Rows:
    """Walks the tree once, and remembers which parameters have been counted.

    Args:
        times: How often each layer is called.
        looked: What came of looking at the model.
    """

    def __init__(self, times: Counter[str], looked: Looked) -> None:
        self._times = times
        self._looked = looked
        self._counted: set[int] = set()
        self._places = _places_of(looked.holders)
        self._rows: list[LayerCall] = []

    def of(self, root: _Node) -> list[LayerCall]:
        """All rows, the model's first."""
        self._add(root, depth=0, parent=-1)
        return self._rows

    def _add(self, node: _Node, depth: int, parent: int) -> None:
        place = len(self._rows)
        self._rows.append(self._row(node, depth, parent))
        for inner in node.inside:
            self._add(inner, depth + 1, place)

    def _row(self, node: _Node, depth: int, parent: int) -> LayerCall:
        holder, call = node.holder, node.call
        return LayerCall(
            layer=holder.path,
            kind=holder.kind,
            depth=depth,
            parent=parent,
            call=node.number,
            calls=self._times[holder.path],
            outputs=call.outputs if call else (),
            parameters=total(holder.inside),
            trainable=total(weight for weight in holder.inside if weight.trainable),
            own=total(holder.own),
            counted=self._count(holder),
            flops=_sum(node, lambda call: call.flops),
            flops_backward=_sum(node, lambda call: call.flops_backward),
            activation_bytes=_whole(_sum(node, lambda call: call.activation_bytes)),
            gradient_bytes=sum(weight.nbytes for weight in holder.inside if weight.trainable),
            forward_seconds=call.forward_seconds if call else None,
            backward_seconds=_sum(node, lambda call: call.backward_seconds),
            shared=tuple(self._shared(holder)),
            remark=self._remark(node),
        )

    def _count(self, holder: Holder) -> int:
        fresh = {weight.identity: weight.size for weight in holder.own}
        for identity in fresh.keys() & self._counted:
            del fresh[identity]
        self._counted |= fresh.keys()
        return sum(fresh.values())

    def _shared(self, holder: Holder) -> Iterator[str]:
        """Where else its parameters are."""
        for weight in holder.own:
            own = f"{holder.path}.{weight.name}".lstrip(".")
            yield from (place for place in self._places[weight.identity] if place != own)

    def _remark(self, node: _Node) -> str:
        if node.call is not None or not self._looked.calls or node.holder.group:
            return node.call.remark if node.call else ""
        used = self._looked.used or frozenset()
        if any(weight.identity in used for weight in node.holder.own):
            return f"{NOT_CALLED}, but its parameters are used"
        return NOT_CALLED


def _places_of(holders: Iterable[Holder]) -> dict[int, list[str]]:
    """Every place of each parameter, by its identity."""
    places: dict[int, list[str]] = {}
    for holder in holders:
        for weight in holder.own:
            places.setdefault(weight.identity, []).append(
                f"{holder.path}.{weight.name}".lstrip(".")
            )
    return places


def total(weights: Iterable[Weight]) -> int:
    """Values of some parameters, each counted once."""
    return sum({weight.identity: weight.size for weight in weights}.values())


def _sum(node: _Node, own: Callable[[Call], float | None]) -> float | None:
    """Of a call and all calls inside; None where nothing of it is known."""
    values = [own(each.call) for each in _subtree(node) if each.call]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _subtree(node: _Node) -> Iterator[_Node]:
    yield node
    for inner in node.inside:
        yield from _subtree(inner)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
