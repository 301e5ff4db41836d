"""``%%graphmode``: read the options, call the engine, show the cell's value, return the report."""

from __future__ import annotations

from collections.abc import Iterable

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand
from IPython.display import display

from dlmagic.shell.cells import cell_source, deliver, ends_with_semicolon, name_of_cell
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options


def _modes() -> Iterable[str]:
    from dlmagic.magics.graphmode.modes import GRAPH_MODES

    return GRAPH_MODES


def _names() -> Iterable[str]:
    """What ``--calls`` can begin with: the notebook's own names."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    names = shell.user_ns if shell is not None else {}
    return [f"{name}=" for name in names if not name.startswith("_")]


@magics_class
class GraphModeMagics(Magics):
    """The magics of this room."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        from dlmagic.magics.graphmode.kept import KeptGraphs

        self._kept = KeptGraphs()

    @magic_options(examples=("%%graphmode", '%%graphmode -m trace --calls "n=8,16"'))
    @option(
        "-m",
        "--mode",
        metavar="MODE",
        values=_modes,
        help="graph mode, such as compile or trace; the default depends on the framework",
    )
    @option(
        "--strict", action="store_true", help="raise an error where the mode cannot run the cell"
    )
    @option(
        "--calls",
        metavar="NAME=V,V",
        values=_names,
        help='call the cell with NAME bound to each value in turn, such as "n=8,16,16"',
    )
    @result_options
    @no_var_expand
    @cell_magic
    @translate_errors
    def graphmode(self, line: str, cell: str) -> object:
        """Run a cell in graph mode and say what the graph did to it.

        A graph is the list of operations that torch.compile, tf.function, jax.jit and their like
        make of Python code, and run in its place.
        Tells where a graph breaks and what to write instead, what is compiled again and why,
        which prints are lost, and whether the answers agree with a plain run. The namespace
        is left as a plain run leaves it.
        """
        options = parse(self.graphmode, line)
        if options is None:
            return None
        from dlmagic.display.progress import Progress
        from dlmagic.magics.graphmode.calls import read_calls
        from dlmagic.magics.graphmode.engine import graphmode_cell
        from dlmagic.magics.graphmode.request import Request, Surroundings
        from dlmagic.shell.output import NotebookOutput

        request = Request(
            source=cell_source(self.shell, f"%%graphmode {line}".rstrip(), cell),
            namespace=self.shell.user_ns,
            mode=options.mode,
            strict=options.strict,
            calls=read_calls(options.calls) if options.calls is not None else None,
        )
        output = NotebookOutput(self.shell)
        with output.delayed(), Progress(alone=True) as progress:
            surroundings = Surroundings(
                output,
                progress.update,
                kept=self._kept,
                name_of_cell=lambda file: name_of_cell(self.shell, file),
            )
            ran = graphmode_cell(request, surroundings)
        if ran.last is not None and not ends_with_semicolon(cell):
            display(ran.last)
        return deliver(self.shell, options, ran.report)

    def unload(self) -> None:
        """Let go what was compiled."""
        self._kept.forget()
