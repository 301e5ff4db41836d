"""Which layer of Keras refused its input, and what it expected."""

from __future__ import annotations

import re

from dlmagic.errors import InputError
from dlmagic.magics.watch.summary.keras_calls import KerasCalls, arrays_in, spec_of
from dlmagic.magics.watch.summary.shapes import in_words

_SAID = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)
_LONGEST = 300


def told(error: Exception, run: KerasCalls, name: str) -> Exception:
    """The error that the user should see: one line for a refused input, else their own error."""
    if not run.open:
        return error
    call, layer, given = run.open[-1]
    called = ".".join(filter(None, (name, call.path))) or "the model"
    where = f"{called} ({type(layer).__name__})"
    shapes = [in_words(spec_of(array).shape) for array in arrays_in(given)]
    got = " and ".join(shapes) or "no array"
    if not type(layer).__module__.startswith("keras."):
        error.add_note(f"This happened in {where}, which was given {got}.")
        return error
    # Keras puts what was said in bold between its own words, once for every layer around.
    bold = _SAID.findall(str(error))
    said = " ".join((bold[-1] if bold else str(error)).split()).rstrip(".")
    return InputError(f"{where} refuses {got}.", f"Keras says: {said[:_LONGEST]}.")
