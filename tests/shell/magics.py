"""A magics class as a room has one, for the tests of what all rooms share."""

from __future__ import annotations

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from dlmagic.cell.source import CellSource
from dlmagic.errors import ModeError
from dlmagic.shell.cells import cell_source, deliver, expression_source
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, positive_number, result_options


@magics_class
class SampleMagics(Magics):
    @magic_options(examples=("%sample 1 + 1", "%%sample --time 2"))
    @option(
        "-m",
        "--modes",
        metavar="A,B",
        values=lambda: ["eager", "compile", "compile:max-autotune"],
        separator=",",
        help="execution modes",
    )
    @option("-t", "--time", type=positive_number, metavar="SECONDS", help="measuring budget")
    @option("--unit", choices=("ms", "us"), help="unit of time")
    @option("--broken", action="store_true", help="fail by a mistake of our own")
    @result_options
    @option("expression", nargs="*", help="what to run")
    @no_var_expand
    @line_cell_magic
    @translate_errors
    def sample(self, line: str, cell: str | None = None) -> object:
        """Run a cell, or an expression."""
        options = parse(self.sample, line)
        if options is None:
            return None
        if options.modes == "fast":
            raise ModeError("There is no mode fast.", "Choose eager.")
        if options.broken:
            raise LookupError("a mistake in dlmagic")
        if cell is None:
            source = expression_source(self.shell, options.expression)
        else:
            source = cell_source(self.shell, f"%%sample {line}".rstrip(), cell)
        return deliver(self.shell, options, self.run(source))

    def run(self, source: CellSource) -> object:
        """The name ``value`` after the cell ran, or the value of an expression."""
        namespace = self.shell.user_ns
        if source.text.startswith("%%"):
            exec(compile(source.python, source.filename, "exec"), namespace)
            return namespace.get("value")
        return eval(compile(source.python.strip(), source.filename, "eval"), namespace)


SampleMagics.__module__ = "dlmagic.magics.sample"  # it stands for one of ours

ROOM = "tests.shell.magics:SampleMagics"
