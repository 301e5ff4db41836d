"""``%dlmagic``: the overview, a report for issues, and notebooks to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dlmagic.errors import InputError, OptionError, nearest
from dlmagic.shell.cells import deliver
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options

ACTIONS = ("env", "demo")


def _actions() -> Iterable[str]:
    return ACTIONS


def _demos() -> Iterable[str]:
    from dlmagic.magics.overview.demos import demos

    return [each.name for each in demos().demos]


@magics_class
class OverviewMagics(Magics):
    """The magic of this room."""

    shell: InteractiveShell

    @magic_options(examples=("%dlmagic", "%dlmagic demo quickstart"))
    @result_options
    @option("action", nargs="?", values=_actions, help="env or demo")
    @option("argument", nargs="?", after={"demo": _demos}, help="demo: which notebook to copy here")
    @no_var_expand
    @line_magic
    @translate_errors
    def dlmagic(self, line: str) -> object:
        """Show all magics in one screen; report the environment, or copy a demo notebook here.

        ``%dlmagic env`` is what a bug report needs. ``%dlmagic demo`` lists notebooks to begin
        with, and ``%dlmagic demo NAME`` copies one into the working directory.
        """
        options = parse(self.dlmagic, line)
        if options is None:
            return None
        return deliver(self.shell, options, _result(options.action, options.argument))


def _result(action: str | None, argument: str | None) -> object:
    if argument is not None and action != "demo":
        raise InputError(f"%dlmagic {action} has no use for {argument!r}.")
    match action:
        case None:
            from dlmagic.magics.overview.engine import overview

            return overview()
        case "env":
            from dlmagic.magics.overview.environment_report import environment_report

            return environment_report()
        case "demo":
            from dlmagic.magics.overview.demos import copy_demo, demos

            return demos() if argument is None else copy_demo(argument, Path.cwd())
        case _:
            raise OptionError(f"%dlmagic has no action {action}.", nearest(action, ACTIONS))
