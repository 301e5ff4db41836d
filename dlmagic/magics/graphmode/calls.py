"""``--calls "n=8,16,16"``: a name, and the values that the cell is called with in turn."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.errors import OptionError

_EXAMPLE = 'Write it like --calls "n=8,16,16".'


@dataclass(frozen=True)
class Calls:
    """A name of the notebook, and what it is bound to in each call.

    Attributes:
        name: The name.
        texts: The values as the user wrote them, each a Python expression.
    """

    name: str
    texts: tuple[str, ...]

    def require_read(self, reads: tuple[str, ...], namespace: Mapping[str, object]) -> None:
        """Refuse a name that the cell does not read, or that has no value for its first run.

        Raises:
            OptionError: It would change nothing, or the cell would fail.
        """
        if self.name not in reads:
            raise OptionError(
                f"--calls binds {self.name}, which the cell does not read.",
                f"It reads {', '.join(reads) or 'nothing'}.",
            )
        if self.name not in namespace:
            raise OptionError(
                f"--calls gives {self.name} further values, and it has none for the first run.",
                f"Write {self.name} = {self.texts[0]} in a cell above.",
            )

    def values(self, namespace: dict[str, object]) -> list[object]:
        """The value of each expression in the notebook.

        Raises:
            OptionError: An expression fails.
        """
        return [self._value(text, namespace) for text in self.texts]

    def _value(self, text: str, namespace: dict[str, object]) -> object:
        try:
            return eval(compile(text, "<--calls>", "eval"), namespace)
        except Exception as error:
            raise OptionError(
                f"--calls: {text} raises {type(error).__name__}: {error}.", _EXAMPLE
            ) from error


def read_calls(text: str) -> Calls:
    """Read ``"n=8,16,16"``.

    Raises:
        OptionError: There is no name, or no value, or what stands there is not Python.
    """
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier():
        raise OptionError(f"--calls {text} names no variable.", _EXAMPLE)
    try:
        # Commas inside brackets belong to a value: x=torch.ones(2, 3),torch.ones(4, 3).
        tree = ast.parse(f"({values},)", mode="eval").body
    except SyntaxError:
        raise OptionError(f"--calls {text} is not Python after the '='.", _EXAMPLE) from None
    assert isinstance(tree, ast.Tuple)
    if not tree.elts:
        raise OptionError(f"--calls {text} gives no value.", _EXAMPLE)
    return Calls(name, tuple(ast.unparse(each) for each in tree.elts))
