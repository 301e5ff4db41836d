"""``%%autograd`` and ``%autograd NAME``."""

from __future__ import annotations

from collections.abc import Iterable

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display

from dlmagic.errors import InputError
from dlmagic.shell.cells import cell_source, deliver, ends_with_semicolon, name_of_cell
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options


def _tensors() -> Iterable[str]:
    """Names of the notebook that may have a graph."""
    shell = get_ipython()
    names = shell.user_ns if shell is not None else {}
    return [name for name, value in names.items() if hasattr(value, "grad_fn")]


@magics_class
class AutogradMagics(Magics):
    """The magics that draw gradients."""

    shell: InteractiveShell

    @magic_options(examples=("%%autograd", "%autograd loss"))
    @result_options
    @option("name", nargs="*", values=_tensors, help="a tensor that exists, in the line form")
    @no_var_expand
    @line_cell_magic
    @translate_errors
    def autograd(self, line: str, cell: str | None = None) -> object:
        """Draw the graph that gradients flow through, with values and gradients at every step.

        Above a cell it runs the cell and records the line, the value and the gradient of each
        step. %autograd NAME draws the graph behind a tensor that exists already.
        """
        options = parse(self.autograd, line)
        if options is None:
            return None
        from dlmagic.magics.graphmode.autograd.engine import graph_of_cell, graph_of_name

        def named(file: str) -> str | None:
            return name_of_cell(self.shell, file)

        name = str(options.name or "").strip()
        if cell is None:
            if not name:
                raise InputError(
                    "%autograd needs the name of a tensor.", "Or write %%autograd above a cell."
                )
            return deliver(self.shell, options, graph_of_name(name, self.shell.user_ns, named))
        if name:
            raise InputError(
                f"%%autograd has no use for {name!r} in its first line.",
                "It draws what the cell below computes last.",
            )
        source = cell_source(self.shell, f"%%autograd {line}".rstrip(), cell)
        drawn = graph_of_cell(source, self.shell.user_ns, named)
        if drawn.last is not None and not ends_with_semicolon(cell):
            display(drawn.last)
        return deliver(self.shell, options, drawn.graph)
