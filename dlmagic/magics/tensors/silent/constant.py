"""From a loss back to a softmax over one element, which makes it a constant."""

from __future__ import annotations

from dlmagic.frameworks.operations import Operation, Seen
from dlmagic.magics.tensors.silent.ancestry import SAME_NUMBERS, plain
from dlmagic.magics.tensors.silent.scores import is_over_one

_ELEMENT_BY_ELEMENT = frozenset(
    {
        *("add", "sub", "mul", "div", "truediv", "rsub", "neg", "log", "exp", "pow", "square"),
        *("abs", "clamp", "clip", "clamp_min", "clamp_max", "sqrt", "log1p", "nan_to_num", "rpow"),
        *("where", "mean", "sum"),
    }
)
_MOST = 200


def softmax_behind(loss: Seen) -> Operation | None:
    """The softmax over one element whose numbers a loss is made of, each by itself."""
    waiting, known = [loss], {loss.number}
    while waiting and len(known) < _MOST:
        seen = waiting.pop()
        maker = seen.maker
        if maker is None:
            continue
        if is_over_one(maker):
            return maker
        new = [each for each in _counting(seen, maker) if each.number not in known]
        known.update(each.number for each in new)
        waiting += new
    return None


def _counting(seen: Seen, maker: Operation) -> tuple[Seen, ...]:
    """The inputs of an operation that a result's elements come from one by one.

    Weights that are stretched over other values, as those of an attention are, do not count.
    """
    name = plain(maker.name)
    if name in SAME_NUMBERS or name in ("mean", "sum"):
        return maker.inputs[:1]
    if name not in _ELEMENT_BY_ELEMENT:
        return ()
    return tuple(each for each in maker.inputs if each.shape == seen.shape)
