"""``%summary``: read the options, look at a model, return what it is made of."""

from __future__ import annotations

import builtins

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dlmagic.errors import InputError, nearest
from dlmagic.shell.cells import deliver
from dlmagic.shell.errors import translate_errors
from dlmagic.shell.options import magic_options, option, parse, result_options


@magics_class
class SummaryMagics(Magics):
    """The magic of this room."""

    shell: InteractiveShell

    @magic_options(examples=("%summary model", "%summary model 32,1,28,28 --depth 2"))
    @option("--depth", metavar="N", help="how deep the table goes; the rest is folded away")
    @option("--dtype", metavar="TYPE", help="type of an input given as a shape, such as int64")
    @option("--no-time", action="store_true", help="measure no times")
    @result_options
    @option("model_and_input", nargs="*", help="MODEL, or MODEL INPUT: a value or a shape")
    @no_var_expand
    @line_magic
    @translate_errors
    def summary(self, line: str) -> object:
        """Show a model layer by layer: outputs, parameters, arithmetic (FLOPs), bytes and times.

        INPUT is a tensor, a tuple of arguments, a dictionary of keywords, a loader, or a shape such
        as 32,1,28,28 or (32, 784), with which nothing needs to run. Nothing of the model changes.
        """
        from dlmagic.magics.watch.summary import expressions

        options = parse(self.summary, expressions.options_first(line))
        if options is None:
            return None
        rest = options.model_and_input or ""
        model, value = expressions.model_and_input(
            f"{expressions.before_options(line)} {rest}".strip()
        )
        if not model:
            raise InputError("%summary needs a model.", "Write %summary MODEL.")
        from dlmagic.magics.watch.summary.engine import summarise
        from dlmagic.magics.watch.summary.request import Request, checked_depth
        from dlmagic.magics.watch.summary.twin import dtype_names

        found, names = self._value(model)
        given, more = self._input(value)
        request = Request(
            model=found,
            name=model,
            value=given,
            depth=checked_depth(options.depth),
            dtypes=dtype_names(options.dtype),
            time=not options.no_time,
            namespace=self.shell.user_ns,
            names=(*names, *more),
        )
        return deliver(self.shell, options, summarise(request))

    def _input(self, text: str) -> tuple[object, tuple[str, ...]]:
        from dlmagic.magics.watch.summary.request import ABSENT
        from dlmagic.magics.watch.summary.shapes import shapes_in_text

        if not text:
            return ABSENT, ()
        shapes = shapes_in_text(text)
        return (shapes, ()) if shapes is not None else self._value(text)

    def _value(self, expression: str) -> tuple[object, tuple[str, ...]]:
        """The value of an expression of the user's, and the names that it is made of."""
        from dlmagic.magics.watch.summary.expressions import names_in

        names = names_in(expression)
        known = self.shell.user_ns
        missing = [name for name in names if name not in known and name not in _BUILTINS]
        if missing:
            hidden = self.shell.user_ns_hidden  # names of IPython's own, such as exit
            own = [name for name in known if not name.startswith("_") and name not in hidden]
            advice = nearest(missing[0], own) or "Run the cell that makes it first."
            raise InputError(f"There is no {missing[0]} here.", advice)
        value = eval(expression, known)
        return value, tuple(name for name in names if name in known)


_BUILTINS = frozenset(dir(builtins))
