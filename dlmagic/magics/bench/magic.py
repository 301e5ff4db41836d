"""``%%dlbench`` and ``%dlbench``: read the options, call the engine, return the result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError
from dlmagic.magics.bench.sweep.values import SweepValues, read_sweep
from dlmagic.shell.cells import cell_source, deliver, expression_source
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, positive_number, result_options
from dlmagic.shell.settings import settings


def _mode_names() -> Iterable[str]:
    from dlmagic.frameworks.entries import all_modes

    return all_modes()


def _names_of_numbers() -> Iterable[str]:
    """What a sweep can begin with: the notebook's numbers."""
    shell = get_ipython()
    names = shell.user_ns if shell is not None else {}
    numbers = (name for name, value in names.items() if type(value) in (int, float))
    return [f"{name}=" for name in numbers if not name.startswith("_")]


def _views() -> Iterable[str]:
    """Names of views and clients; none before the user has imported ipyparallel."""
    shell = get_ipython()
    if shell is None or "ipyparallel" not in sys.modules:
        return []
    from dlmagic.cluster.targets import names_of_views

    return names_of_views(shell.user_ns)


def _files() -> Iterable[str]:
    """Saved results, and the folders that may hold some, in the working directory."""
    places = (path for path in Path().iterdir() if not path.name.startswith("."))
    names = sorted(f"{path}/" if path.is_dir() else str(path) for path in places)
    return [f'"{name}"' if " " in name else name for name in names]


@magics_class
class BenchMagics(Magics):
    """The magics of this room."""

    shell: InteractiveShell

    @magic_options(examples=("%%dlbench --modes eager,compile,trace", "%dlbench torch.mm(a, b)"))
    @option(
        "-m",
        "--modes",
        metavar="A,B",
        values=_mode_names,
        separator=",",
        help="execution modes to time, such as eager,compile; the default depends on the cell",
    )
    @option("--reference", metavar="NAME", help="the mode or alternative to compare with")
    @option(
        "-t",
        "--time",
        type=positive_number,
        metavar="SECONDS",
        help="measuring budget for the whole cell, compiling apart (default: 5)",
    )
    @option(
        "--sweep",
        metavar="NAME=V,V",
        values=_names_of_numbers,
        help="time the cell with NAME bound to each value in turn, such as n=64,256,1024",
    )
    @option("--no-check", action="store_true", help="do not compare the answers")
    @option("--rtol", type=float, metavar="NUMBER", help="let answers be apart by this share")
    @option("--atol", type=float, metavar="NUMBER", help="let answers be apart by this much")
    @option("--keep", action="store_true", help="keep what the cell assigns and changes")
    @option("--memory", action="store_true", help="measure how much memory a call needs, too")
    @option("--flops", action="store_true", help="count the arithmetic of a call (FLOPs), too")
    @option("--energy", action="store_true", help="measure the energy that GPUs take, too")
    @option(
        "--cold", action="store_true", help="empty the processor's caches before every timed call"
    )
    @option(
        "--selftest",
        action="store_true",
        help="measure how often dlmagic errs on this machine; times code of its own",
    )
    @option("--save", metavar="FILE", values=_files, help="write the result to a file, as JSON")
    @option("--against", metavar="FILE", values=_files, help="compare with a result saved earlier")
    @option(
        "--isolate",
        action="store_true",
        help="run each mode or alternative in fresh processes, several times",
    )
    @option(
        "--on",
        metavar="VIEW",
        values=_views,
        help="time it on all engines of a cluster at once, such as view = client[:]",
    )
    @option("--force", action="store_true", help="let --save replace a file of something else")
    @result_options
    @option("expression", nargs="*", help="with %%dlbench: the expression to time")
    @no_var_expand
    @line_cell_magic
    @translate_errors
    def dlbench(self, line: str, cell: str | None = None) -> object:
        """Time a cell in several execution modes, or several alternatives in one cell.

        Tells what is faster, by how much, how sure that is, what compiling costs and
        whether the answers agree. Everything is left as it was. A line "# --- NAME" begins
        an alternative; code above the first one is set-up, run once and not timed. What is
        compared, a mode or an alternative, is called an arm in the result.
        """
        options = parse(self.dlbench, line)
        if options is None:
            return None
        if options.selftest:
            return deliver(self.shell, options, self._selftest(options, cell))
        sweep = read_sweep(options.sweep) if options.sweep is not None else None
        source = self._source(options, line, cell)
        result = self._bench(options, source, sweep, alone=cell is not None)
        return deliver(self.shell, options, result)

    def _selftest(self, options: argparse.Namespace, cell: str | None) -> object:
        from dlmagic.display.progress import Progress
        from dlmagic.magics.bench.selftest import SECONDS, selftest

        if cell is not None or options.expression:
            raise InputError(
                "--selftest times code of its own.", "Write %dlbench --selftest alone in its line."
            )
        with Progress(alone=False) as progress:
            return selftest(options.time or SECONDS, progress.update)

    def _source(self, options: argparse.Namespace, line: str, cell: str | None) -> CellSource:
        expression = options.expression or ""
        if cell is None:
            if not str(expression).strip():
                raise InputError(
                    "%dlbench needs an expression to time.",
                    "Write it after the options, or use %%dlbench above a cell.",
                )
            return expression_source(self.shell, expression)
        if expression:
            raise InputError(
                f"%%dlbench has no use for {expression!r} in its first line.",
                "The code to time goes below it.",
            )
        return cell_source(self.shell, f"%%dlbench {line}".rstrip(), cell)

    def _bench(
        self,
        options: argparse.Namespace,
        source: CellSource,
        sweep: SweepValues | None,
        *,
        alone: bool,
    ) -> object:
        from dlmagic.display.progress import Progress
        from dlmagic.magics.bench.engine import bench_cell
        from dlmagic.magics.bench.request import Request, Surroundings
        from dlmagic.shell.output import NotebookOutput

        request = Request(
            source=source,
            namespace=self.shell.user_ns,
            modes=_names(options.modes),
            reference=options.reference,
            seconds=options.time or settings(self.shell).bench_time,
            check=not options.no_check,
            rtol=options.rtol,
            atol=options.atol,
            keep=options.keep,
            memory=options.memory,
            flops=options.flops,
            energy=options.energy,
            cold=options.cold,
            sweep=sweep,
            save=options.save,
            against=options.against,
            force=options.force,
            isolate=options.isolate,
            on=options.on,
            patience=settings(self.shell).cluster_timeout,
        )
        output = NotebookOutput(self.shell)
        with output.delayed(), Progress(alone=alone) as progress:
            return bench_cell(request, Surroundings(output, progress.update))


def _names(text: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else None
