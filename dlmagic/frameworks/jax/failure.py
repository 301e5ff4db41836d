"""Why a mode failed, in one sentence, and at which line of the cell."""

from __future__ import annotations

import traceback

import jax

from dlmagic.frameworks.jax.changes import ChangedWhileTracedError

_errors = jax.errors

_BY_KIND: tuple[tuple[type[BaseException], str], ...] = (
    (
        _errors.TracerBoolConversionError,
        (
            "Python decides here (if, while, and, bool) by the value of an array, which is not "
            "known while the cell is traced: use jnp.where or jax.lax.cond."
        ),
    ),
    (
        _errors.TracerArrayConversionError,
        (
            "A function of NumPy is called here on an array whose value is not known while the "
            "cell is traced: use the one of jax.numpy."
        ),
    ),
    (
        _errors.TracerIntegerConversionError,
        (
            "An array is used here as a Python integer (an index, range), and its value is not "
            "known while the cell is traced: use x[i] on a jax array, or jax.lax.fori_loop."
        ),
    ),
    (
        _errors.NonConcreteBooleanIndexError,
        (
            "A boolean mask picks values here, so the shape of the result is not known while the "
            "cell is traced: use jnp.where(mask, x, 0)."
        ),
    ),
    (
        _errors.UnexpectedTracerError,
        (
            "A tracer that an earlier jit, grad or vmap left behind is used as a number: return "
            "the value from that function."
        ),
    ),
)
_BY_TEXT = (
    (
        "size argument of jnp.",
        (
            "The shape of the result depends on values here, which are not known while the cell is "
            "traced: pass size=."
        ),
    ),
    (
        "item() method",
        (
            "item() reads the value of an array, which is not known while the cell is traced: keep "
            "the array."
        ),
    ),
    (
        "tolist() method",
        "tolist() reads the values of an array, which are not known while the cell is traced.",
    ),
    *(
        (
            f"with the `{name}` function",
            (
                f"{name}() reads the value of an array, which is not known while the cell is "
                f"traced: keep the array, or use x.astype({name})."
            ),
        )
        for name in ("float", "int", "complex")
    ),
    (
        "Shapes must be 1D sequences of concrete values",
        (
            "A shape depends on the value of an array here, which is not known while the cell is "
            "traced: use a Python number, such as x.shape[0]."
        ),
    ),
    (
        "do not support in-place item assignment",
        "Arrays of JAX cannot be written to: use x = x.at[index].set(value).",
    ),
    (
        "Array has been deleted",
        "An array is used here whose memory was handed over to a computation (donate_argnums).",
    ),
    (
        "has been deleted or donated",
        "An array is used here whose memory was handed over to a computation (donate_argnums).",
    ),
    ("RESOURCE_EXHAUSTED", "The device has too little free memory."),
)


def explain_failure(error: BaseException, filename: str | None) -> tuple[str, int | None] | None:
    """The reason and the line of a failure that JAX raised, else None.

    Args:
        error: What was raised.
        filename: The cell's file name; lines in other files are not the user's line.
    """
    if isinstance(error, ChangedWhileTracedError):
        return str(error), None
    text = str(error)
    reason = next((said for kind, said in _BY_KIND if isinstance(error, kind)), None)
    reason = reason or next((said for sign, said in _BY_TEXT if sign in text), None)
    if reason is None and isinstance(error, _errors.ConcretizationTypeError):
        reason = text.splitlines()[0]
    return None if reason is None else (reason, line_of(error, filename))


def line_of(error: BaseException, filename: str | None) -> int | None:
    """The innermost line of the cell in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == filename), None)
