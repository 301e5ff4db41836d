"""``%watch``, ``%%watch`` and ``%unwatch``: read the options, begin, run a cell, end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)
from IPython.display import display

from dlmagic.errors import InputError
from dlmagic.magics.watch.beginnings import hear_beginnings, stop_hearing
from dlmagic.shell.cells import cell_source, deliver, ends_with_semicolon
from dlmagic.shell.errors import show_without_own_frames, translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options

_ENGINE = "dlmagic.magics.watch.engine"


def _models() -> Iterable[str]:
    from dlmagic.magics.watch.models import models_in

    shell = get_ipython()
    return models_in(shell.user_ns) if shell is not None else ()


def _watched() -> Iterable[str]:
    engine = sys.modules.get(_ENGINE)
    return [each.model for each in engine.watched().models] if engine is not None else ()


def _stops() -> Iterable[str]:
    return ("nan", "explode")


def _targets() -> Iterable[str]:
    return ("wandb", "tensorboard")


@magics_class
class WatchMagics(Magics):
    """The magics of this room, and the events that let an interrupt wait for the step's end."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._cells = 0  # that are running, one inside another
        self._interrupts = ExitStack()
        events: Any = shell.events
        events.register("pre_run_cell", self._before_cell)
        events.register("post_run_cell", self._after_cell)
        hear_beginnings(self._let_interrupts_wait)

    def unload(self) -> None:
        """End what is watched, and take the events away."""
        events: Any = self.shell.events
        events.unregister("pre_run_cell", self._before_cell)
        events.unregister("post_run_cell", self._after_cell)
        stop_hearing(self._let_interrupts_wait)
        self._interrupts.close()
        engine = sys.modules.get(_ENGINE)
        if engine is not None:
            engine.end_all("dlmagic was unloaded")

    @magic_options(
        examples=("%watch net --loss loss --stop-on nan", '%%watch net --layers "encoder.*"')
    )
    @option("--layers", metavar="PATTERN", help="only these layers, such as encoder.* or Linear")
    @option("--every", metavar="K", help="measure one step in K, whatever it costs")
    @option("--budget", metavar="SHARE", help="share of the time to spend on it (default: 1%%)")
    @option("--exact", action="store_true", help="look at all values, not at a spread part of them")
    @option("--loss", metavar="NAME", help="show the loss, too: its name in your code")
    @option(
        "--stop-on",
        metavar="WHAT",
        values=_stops,
        separator=",",
        help="nan: end the training at the first NaN; explode: where gradients explode",
    )
    @option(
        "--to",
        metavar="WHERE",
        values=_targets,
        help="write the figures to wandb or tensorboard[:FOLDER], too",
    )
    @option("--on", metavar="VIEW", help="the model of this name on all engines of a cluster")
    @result_options
    @option("model", nargs="?", values=_models, help="the model; alone: list what is watched")
    @no_var_expand
    @line_cell_magic
    @translate_errors
    def watch(self, line: str, cell: str | None = None) -> object:
        """Watch every layer of a model while it trains: live, at a cost that is kept to.

        Activations, gradients, weights and updates of each layer are measured on some steps, so
        that it takes 1 % of the time. Above a cell, the model is watched while the cell runs;
        on a line of its own, until %unwatch.
        """
        options = parse(self.watch, line)
        if options is None:
            return None
        if cell is not None and options.on is not None:
            raise InputError(
                "%%watch has no --on: it runs its cell here.",
                "Write %watch MODEL --on VIEW, and the cell below %%px.",
            )
        if cell is not None:
            return self._watch_cell(options, line, cell)
        if options.model is None:
            return deliver(self.shell, options, self._list(options))
        if options.on is not None:
            return deliver(self.shell, options, self._begin_on(options))
        return deliver(self.shell, options, self._begin(options, options.model))

    @magic_options(examples=("%unwatch net", "%unwatch"))
    @result_options
    @option("model", nargs="?", values=_watched, help="which; all by default")
    @no_var_expand
    @line_magic
    @translate_errors
    def unwatch(self, line: str) -> object:
        """Watch a model no longer, and show what was seen; nothing of it is left on the model."""
        options = parse(self.unwatch, line)
        if options is None:
            return None
        from dlmagic.magics.watch.engine import unwatch

        return deliver(self.shell, options, unwatch(options.model))

    def _list(self, options: argparse.Namespace) -> object:
        from dlmagic.magics.watch.engine import watched
        from dlmagic.magics.watch.request import WatchRequest

        if self._request(options) != WatchRequest(dashes=True) or options.on is not None:
            raise InputError("Which model is to be watched so?", "Name it: %watch MODEL.")
        return watched()

    def _begin(self, options: argparse.Namespace, name: str) -> Any:
        from dlmagic.magics.watch.engine import begin
        from dlmagic.magics.watch.models import model_called

        request = self._request(options)
        namespace = self.shell.user_ns
        return begin(model_called(name, namespace), name, request, namespace)

    def _begin_on(self, options: argparse.Namespace) -> object:
        """Watch the model of this name on all engines."""
        from dlmagic.cluster.targets import engines_of
        from dlmagic.magics.watch.ranks.session import begin

        engines = engines_of(options.on, self.shell.user_ns)
        return begin(engines, options.model, self._request(options))

    def _request(self, options: argparse.Namespace) -> Any:
        from dlmagic.magics.watch.request import WatchRequest

        return WatchRequest.of(
            layers=options.layers,
            every=options.every,
            budget=options.budget,
            exact=options.exact,
            loss=options.loss,
            stop_on=options.stop_on,
            to=options.to,
            dashes=True,
        )

    def _watch_cell(self, options: argparse.Namespace, line: str, cell: str) -> object:
        """Run the cell, and return what was seen meanwhile."""
        from dlmagic.magics.watch.cell import watch_cell
        from dlmagic.magics.watch.engine import is_watched
        from dlmagic.magics.watch.models import model_called, model_of_cell

        source = cell_source(self.shell, f"%%watch {line}".rstrip(), cell)
        name = options.model or model_of_cell(source, self.shell.user_ns)
        before = is_watched(model_called(name, self.shell.user_ns))
        session = self._begin(options, name)
        if not options.quiet:
            session.show()
        last, result = watch_cell(session, source, self.shell.user_ns, goes_on=before)
        if last is not None and not ends_with_semicolon(cell):
            display(last)
        return deliver(self.shell, options, result)

    def _before_cell(self, _: object = None) -> None:
        self._cells += 1
        engine = sys.modules.get(_ENGINE)
        if engine is not None and self._cells == 1 and engine.wishes():
            engine.begin_cell()
            self._let_interrupts_wait()

    def _after_cell(self, _: object = None) -> None:
        self._cells = max(self._cells - 1, 0)
        if not self._cells:
            self._interrupts.close()

    def _let_interrupts_wait(self) -> None:
        """Until the present cell ends, the first interrupt of a training waits for its step."""
        from dlmagic.magics.watch.engine import wishes
        from dlmagic.magics.watch.stopping import first_interrupt_waits

        if self._cells:
            prepare = partial(show_without_own_frames, self.shell)
            self._interrupts.enter_context(first_interrupt_waits(wishes, prepare))
