"""``%tensors``: read the options, look, return the table."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dlmagic.shell.cells import deliver
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options


def _orders() -> Iterable[str]:
    from dlmagic.magics.tensors.request import SORT_KEYS

    return SORT_KEYS


def _names() -> Iterable[str]:
    """Names of the notebook that may be tensors or lead to some."""
    shell = get_ipython()
    names = shell.user_ns if shell is not None else {}
    return [name for name in names if not name.startswith("_")]


@magics_class
class TensorMagics(Magics):
    """The magics of this room."""

    shell: InteractiveShell

    @magic_options(examples=("%tensors", "%tensors x* --sort size", "%tensors --values"))
    @option("--sort", metavar="KEY", values=_orders, default="name", help="name, size, shape, …")
    @option("--values", action="store_true", help="look at the numbers, too: mean, extremes, NaN")
    @result_options
    @option("pattern", nargs="?", values=_names, help="only these names, such as x* or model")
    @no_var_expand
    @line_magic
    @translate_errors
    def tensors(self, line: str) -> object:
        """List the notebook's tensors and arrays: shape, dtype, device, memory, who keeps them.

        Only metadata are looked at: nothing waits for a device, and nothing is copied.
        """
        options = parse(self.tensors, line)
        if options is None:
            return None
        from dlmagic.magics.tensors.engine import table_of
        from dlmagic.magics.tensors.request import Request

        request = Request(
            namespace=self.shell.user_ns,
            pattern=options.pattern or "",
            sort=options.sort,
            values=options.values,
            outputs=dict(self.shell.user_ns.get("_oh", {})),
            traceback=getattr(sys, "last_traceback", None),
        )
        return deliver(self.shell, options, table_of(request))
