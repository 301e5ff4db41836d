"""Patterns in numba's errors, and the words for the user; the first that fits counts."""

from __future__ import annotations

PATTERNS = (
    (r"Untyped global name '(.+?)': Cannot determine Numba type of <class 'type'>",
     r"numba cannot use the class \1."),
    (r"Untyped global name '(.+?)': Cannot determine Numba type of <class '(.+?)'>",
     r"numba cannot use \1, which is of the type \2."),
    (r"Untyped global name '(.+?)': (.+)", r"numba cannot use \1: \2"),
    (r"Unknown attribute '(.+?)' of type Module\(<module '([\w.]+)'", r"numba knows no \2.\1."),
    (r"Unknown attribute '(.+?)' of type (.+)", r"numba knows no .\1 of \2."),
    (r"Cannot unify (.+?) and (.+?) for '(\w+)[^']*'",
     r"\3 would have two types, \1 and \2; numba needs one."),
    (r"reflected list.* assigned to variable '(\w+)' in globals",
     r"numba cannot use the list \1 of the notebook inside a function: pass it as an argument."),
    (r"Cannot bind .* to signature '(\(.*\*, .*\))'",
     r"numba knows no arguments that are given by keyword only, as behind the * in \1."),
    (r"unsupported opcode \(IMPORT_NAME\)", "numba cannot import: do so in the first lines."),
    (r"unsupported opcode \(STORE_GLOBAL\)",
     "numba cannot assign to a global: return the new value from the function."),
    (r"unsupported opcode \(UNPACK_EX\)",
     "numba cannot unpack with a star: take the rest with a slice, as in values[1:]."),
    (r"Exception matching is limited to",
     "numba can catch all errors or none: write except Exception."),
    (r"cannot call <numba._GUFunc '(\w+)'>",
     r"Inside njit \1 needs the array for its result as its last argument."),
    ((r">>> [\w.]+\((?:Dict|List)Type\[undefined|imprecise type: (?:list|Dict\w*).undefined"
     r"|non-precise type (?:list|Dict\w*).undefined"),
     ("numba cannot tell what the empty list or dict here shall hold: make it with "
     "numba.typed.Dict.empty or numba.typed.List.empty_list.")),
    ((r"Invalid use of BoundFunction\(list\.(\w+) for (?:reflected )?list\((\w+)\)\S*.*\) with "
     r"parameters \((.+)\)"), r"numba's lists hold one type: .\1 of a list of \2 cannot take \3."),
    (r">>> array_(\w+)\((.*)\)", r"numba has no .\1 for (\2)"),
    (r"No implementation of function Function\(([\w.\[\]]+)\)[^>]*>>> <unknown function>\((.*)\)",
     r"numba has no \1 for (\2)."),
    (r">>> ([\w.]+)\((.*)\)", r"numba has no \1 for (\2)"),
    (r"cannot determine Numba type of <class '(.+?)'>", r"numba has no type for a \1."),
    (r"No conversion from (.+?) to (.+?) for", r"numba cannot make \2 of \1."),
    (r"cannot convert native (.+?) to Python object", r"numba cannot return a value of type \1."),
)  # fmt: skip
