"""What jit cannot do, by what JAX raises: the words for the user, and what to do instead."""

from __future__ import annotations

import jax

_errors = jax.errors
_DYNAMIC_SLICE = (
    "A slice begins or ends at the value of an array here, which is not known while the cell is "
    "traced: use jax.lax.dynamic_slice."
)

BY_KIND: tuple[tuple[type[BaseException], str], ...] = (
    (
        _errors.TracerBoolConversionError,
        (
            "Python decides here (if, while, and, bool) by the value of an array, which is not "
            "known while the cell is traced: "
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
            "cell is traced: leave values out where you reduce, as in jnp.mean(x, where=mask)."
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
INSTEAD = {
    "while": "use jax.lax.while_loop.",
    "assert": "leave the check out of the cell.",
}
"""What to use where Python decides by a value, by the first word of the statement."""
INSTEAD_OF_OTHERS = "use jnp.where or jax.lax.cond."

BY_TEXT = (
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
        "value for the size argument",
        (
            "The shape of the result depends on values here, which are not known while the cell is "
            "traced: pass size=."
        ),
    ),
    (
        "Tracer.__format__",
        (
            "A text shows the value of an array here, which is not known while the cell is traced: "
            "use jax.debug.print, or leave the text out of the cell."
        ),
    ),
    ("Slice entries must be static", _DYNAMIC_SLICE),
    ("slice indices must have static", _DYNAMIC_SLICE),  # in later versions
    (
        # Where the cell as it is may write to it, it is an array of NumPy.
        "do not support in-place item assignment",
        (
            "In mode jit NumPy's arrays are arrays of JAX, which cannot be written to: make x = "
            "jnp.asarray(x), then use x = x.at[index].set(value)."
        ),
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
