"""``%gpus``: read the options, look at the devices or pick some, return what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dlmagic.errors import InputError, OptionError, nearest
from dlmagic.shell.cells import deliver
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options

ACTIONS = ("pick", "release", "live", "check")
ARGUMENTS = {"check": ("torch", "tensorflow", "jax"), "live": ("stop",)}

_OPTIONS_OF = {
    "--min-free": "pick",
    "--max-util": "pick",
    "--wait": "pick",
    "--as": "pick",
    "--every": "live",
}


_AFTER = {action: partial(tuple, words) for action, words in ARGUMENTS.items()}


def _actions() -> Iterable[str]:
    return ACTIONS


@magics_class
class GpuMagics(Magics):
    """The magic of this room."""

    shell: InteractiveShell

    def unload(self) -> None:
        """Give back what was picked, and end the live view."""
        engine = sys.modules.get("dlmagic.magics.gpus.pick.engine")
        if engine is not None:
            engine.give_back()
        session = sys.modules.get("dlmagic.magics.gpus.live.session")
        if session is not None:
            session.end("dlmagic was unloaded")

    @magic_options(examples=("%gpus", "%gpus pick 2 --min-free 8GB --wait 10m"))
    @option("--on", metavar="VIEW", help="on all engines of a cluster, such as view = client[:]")
    @option("--min-free", metavar="SIZE", help="pick: free memory of each GPU, such as 8GB")
    @option("--max-util", metavar="PERCENT", help="pick: how busy each may be, such as 10")
    @option("--wait", metavar="TIME", help="pick: how long to wait, such as 10m or forever")
    @option(
        "--as",
        dest="form",
        choices=("index", "uuid"),
        help="pick: how to name the GPUs in CUDA_VISIBLE_DEVICES",
    )
    @option("--every", metavar="TIME", help="live: time between two looks, such as 2s")
    @result_options
    @option("action", nargs="?", values=_actions, help="pick, release, live or check")
    @option(
        "argument",
        nargs="?",
        after=_AFTER,
        help="pick: how many; check: which framework; live: stop",
    )
    @no_var_expand
    @line_magic
    @translate_errors
    def gpus(self, line: str) -> object:
        """Show the devices of this machine, who uses them and which are free; or take some.

        ``%gpus`` is the table. ``%gpus pick [N]`` takes free GPUs for this kernel, and ``%gpus
        release`` gives them back. ``%gpus live`` shows use and memory over time, until ``%gpus live
        stop``. ``%gpus check [torch|tensorflow|jax]`` finds out why a framework does not see a
        device. With ``--on VIEW``, the table is of all hosts of a cluster, and each of its engines
        gets GPUs of its own.
        """
        options = parse(self.gpus, line)
        if options is None:
            return None
        _refuse_what_does_not_belong(options)
        return deliver(self.shell, options, self._result(options))

    def _result(self, options: argparse.Namespace) -> object:
        if options.on is None:
            return _here(options)
        from dlmagic.cluster.targets import engines_of

        return _on_ranks(options, engines_of(options.on, self.shell.user_ns))


def _on_ranks(options: argparse.Namespace, engines: Any) -> object:
    """What came of it on all engines of a view."""
    if options.action == "pick":
        from dlmagic.magics.gpus.ranks.handle import RanksPick
        from dlmagic.magics.gpus.ranks.picking import pick

        return RanksPick(engines, pick(engines, _request(options), options.on))
    if options.action == "release":
        from dlmagic.magics.gpus.ranks.picking import release

        return release(engines)
    from dlmagic.magics.gpus.ranks.reading import report_on

    return report_on(engines)


def _here(options: argparse.Namespace) -> object:
    match options.action:
        case "pick":
            return _pick(options)
        case "release":
            from dlmagic.magics.gpus.pick.engine import release

            return release()
        case "live":
            return _live(options)
        case "check":
            from dlmagic.magics.gpus.check.engine import check

            return check(options.argument)
        case _:
            from dlmagic.magics.gpus.engine import report

            return report()


def _pick(options: argparse.Namespace) -> object:
    from dlmagic.magics.gpus.pick.engine import pick

    return pick(_request(options))


def _request(options: argparse.Namespace) -> Any:
    from dlmagic.magics.gpus.request import PickRequest

    return PickRequest.of(
        options.argument,
        min_free=options.min_free,
        max_util=options.max_util,
        wait=options.wait,
        form=options.form,
        dashes=True,
    )


def _live(options: argparse.Namespace) -> object:
    from dlmagic.magics.gpus.live.session import live, stop

    if options.argument == "stop":
        return stop()
    return live() if options.every is None else live(options.every)


def _takes(action: str, argument: str) -> bool:
    return action in ("pick", "check") or argument in ARGUMENTS.get(action, ())


def _refuse_what_does_not_belong(options: argparse.Namespace) -> None:
    """An action that there is not, and options or arguments of another one."""
    action, argument = options.action, options.argument
    if action is not None and action not in ACTIONS:
        meant = f"Did you mean %gpus pick {action}?" if action.isdigit() else ""
        hint = meant or nearest(action, ACTIONS)
        raise OptionError(f"%gpus has no action {action}.", hint)
    if argument is not None and not _takes(action, argument):
        raise InputError(f"%gpus {action} has no use for {argument!r}.")
    for name, owner in _OPTIONS_OF.items():
        dest = "form" if name == "--as" else name[2:].replace("-", "_")
        if getattr(options, dest) is not None and action != owner:
            raise OptionError(f"{name} is for %gpus {owner}.")
    if options.on is not None and action in ("live", "check"):
        raise OptionError("--on is for %gpus, %gpus pick and %gpus release.")
