"""``view`` or ``reshape`` where axes should change places: the numbers stay in their order."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_NAMES = frozenset({"view", "reshape", "view_as", "reshape_as"})
_LEARNING = frozenset(
    {
        *("matmul", "__matmul__", "mm", "bmm", "einsum", "scaled_dot_product_attention"),
        *("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "backward"),
        *("linear", "conv1d", "conv2d", "conv3d", "batch_norm", "layer_norm", "lstm", "gru"),
        *("rnn_tanh", "rnn_relu", "multi_head_attention_forward"),
    }
)
"""What looks at axes: what is only printed may be a lesson about shapes."""


class Rule(Listening):
    """The new shape has the axes of the old one in another order."""

    kind = "mixed-axes"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._swapped: dict[int, Operation] = {}
        self._from: dict[int, Operation] = {}

    def hear(self, event: Event) -> None:
        """New shapes that the same axes have in another order, and what is computed from them."""
        if not isinstance(event, Operation):
            return
        behind = next((self._from[s.number] for s in event.inputs if s.number in self._from), None)
        if behind is not None and behind.frame and event.name in _LEARNING:
            self._swapped.setdefault(behind.frame.line, behind)
        if event.output is None or event.frame is None:
            return
        if event.name in _NAMES and _swaps(event.inputs[0].shape, event.output.shape):
            # What was swapped before is put back, if nothing has looked at the axes since.
            behind = event if behind is None else None
        if behind is not None:
            self._from[event.output.number] = behind

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Where the cell itself asks for the shape, and does not compute a size of it."""
        for line, event in self._swapped.items():
            call = _call_at(after.tree, line, event.name)
            if call is None or _computes(call) or event.output is None:
                continue
            old, new = event.inputs[0], event.output
            order = ", ".join(map(str, _order(old.shape, new.shape)))
            yield Mistake(
                f"{event.name}() reads the numbers of {_text(old)} as {_text(new)} without moving "
                "them: the axes get mixed.",
                event.frame,
                text=f"Move the axes: {_tensor(call)}.permute({order}).",
            )


def _swaps(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether axes that can be told apart change places; those of length one do not matter."""
    before = [size for size in old if size != 1]
    behind = [size for size in new if size != 1]
    if len(old) != len(new) or before == behind or sorted(before) != sorted(behind):
        return False
    return len(set(before)) == len(before) or _is_square_image(before, behind)


def _is_square_image(before: list[int], behind: list[int]) -> bool:
    """Whether three colours go from one end of a square image to the other."""
    one, other = before[-3:], behind[-3:]
    if before[:-3] != behind[:-3] or len(one) < 3:
        return False
    last, first = (other, one) if one[0] == 3 else (one, other)
    side = last[0]
    return side > 4 and last == [side, side, 3] and first == [3, side, side]


def _order(old: tuple[int, ...], new: tuple[int, ...]) -> list[int]:
    left = list(enumerate(old))
    found: list[int] = []
    for size in new:
        axis = next(each for each in left if each[1] == size)
        left.remove(axis)
        found.append(axis[0])
    return found


def _call_at(tree: ast.Module, line: int, name: str) -> ast.Call | None:
    """The call in the cell's own text; that of a library is none of the user's."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(attr=called)) if called == name:
                if node.lineno <= line <= (node.end_lineno or line):
                    return node
    return None


def _computes(call: ast.Call) -> bool:
    """Whether a size is the product or a part of others: then axes are merged or split."""
    return any(isinstance(node, ast.BinOp) for each in call.args for node in ast.walk(each))


def _tensor(call: ast.Call) -> str:
    is_function = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "torch"
    value = call.args[0] if is_function else call.func.value  # type: ignore[attr-defined]
    return ast.unparse(value)


def _text(seen: Seen) -> str:
    return "×".join(map(str, seen.shape))
