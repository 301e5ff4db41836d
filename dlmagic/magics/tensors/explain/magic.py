"""``%explain``, and the explanation under the traceback of a cell that failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.display import display

from dlmagic.errors import InputError
from dlmagic.shell.cells import deliver, name_of_cell
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options
from dlmagic.shell.settings import settings


def _exceptions() -> Iterable[str]:
    """Names of the notebook that hold an exception."""
    shell = get_ipython()
    names = shell.user_ns if shell is not None else {}
    return [name for name, value in names.items() if isinstance(value, BaseException)]


@magics_class
class ExplainMagics(Magics):
    """The magic, and the event that shows an explanation without being asked."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        events: Any = shell.events
        events.register("post_run_cell", self._after_cell)

    def unload(self) -> None:
        """Take the event away."""
        events: Any = self.shell.events
        events.unregister("post_run_cell", self._after_cell)

    @magic_options(examples=("%explain", "%explain error"))
    @result_options
    @option("name", nargs="?", values=_exceptions, help="a variable that holds an exception")
    @no_var_expand
    @line_magic
    @translate_errors
    def explain(self, line: str) -> object:
        """Explain the last error again: which values broke which rule, and what to write instead.

        Nothing of yours is run again; a fix is tried on copies of your values.
        """
        options = parse(self.explain, line)
        if options is None:
            return None
        error = self._error(options.name)
        from dlmagic.magics.tensors.explain.engine import explain_or_say

        return deliver(self.shell, options, explain_or_say(error, self._name_of_cell))

    def _error(self, name: str | None) -> BaseException:
        """The exception that is meant.

        Raises:
            InputError: There is none.
        """
        if name is None:
            last = getattr(sys, "last_value", None)
            if not isinstance(last, BaseException):
                raise InputError("No cell has failed yet, so there is nothing to explain.")
            return last
        value = self.shell.user_ns.get(name)
        if not isinstance(value, BaseException):
            what = "There is no" if name not in self.shell.user_ns else "There is no exception in"
            raise InputError(f"{what} {name}.", "%explain alone explains the last error.")
        return value

    def _name_of_cell(self, file: str) -> str | None:
        return name_of_cell(self.shell, file)

    def _after_cell(self, result: Any) -> None:
        """Show the explanation under the traceback, if there is one; whatever happens, quietly."""
        error = getattr(result, "error_in_exec", None)
        if error is None or not settings(self.shell).explain_errors:
            return
        try:
            from dlmagic.magics.tensors.explain.engine import explain

            found = explain(error, self._name_of_cell)
        except Exception as problem:  # the user's error is what matters
            print(_REPORT.format(type(problem).__name__, problem), file=sys.stderr)  # noqa: T201
            return
        if found is not None:
            display(found)


_REPORT = (
    "dlmagic could not explain this error ({}: {}). Please report it with %dlmagic env; "
    "%config DLMagic.explain_errors = False turns explanations off."
)
