"""A table of pandas where PyTorch makes a tensor of an array of numbers."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.display.units import listed
from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried, tried
from dlmagic.magics.tensors.explain.values import MISSING, stored_value

PATTERNS = (
    re.compile(r"could not determine the shape of object type '(?P<kind>DataFrame|Series)'"),
    re.compile(r"expected np\.ndarray \(got (?P<kind>DataFrame|Series)\)"),
    re.compile(r"can't convert np\.ndarray of type numpy\.object_|too many dimensions 'str'"),
)
_MOST_VALUES = 1_000_000
_MOST_COLUMNS = 4
_NUMBERS = 'to_numpy(dtype="float32")'


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of its columns are no numbers, and the array to make the tensor of."""
    site, call = failure.site, called(failure.site)
    given = call.argument(0, "data") if call is not None else None
    if site is None or call is None or given is None or given.node is None or failure.below:
        return None
    kind, texts = match.groupdict().get("kind"), "'str'" in match[0]
    node = given.node if kind else _owner(given.node) or (given.node if texts else None)
    if node is None:
        return None
    table = Operand(ast.unparse(node), _table(node, site), node)
    if table.value is MISSING:
        return None if texts else _of_unknown(site, call, given, kind)
    others = _without_numbers(table.value)
    return Explained(
        kind="tensor-of-table",
        message=_message(call, given, table, kind, others),
        operands=(table,),
        candidates=tuple(_candidates(site, call, given, table, others)),
    )


def _owner(node: ast.expr) -> ast.expr | None:
    """What ``values`` and ``to_numpy()`` are asked of."""
    match node:
        case ast.Attribute(owner, "values") | ast.Call(ast.Attribute(owner, "to_numpy"), [], []):
            return owner
    return None


def _table(node: ast.expr, site: Site) -> Any:
    """A table, or columns of one by their names, or :data:`MISSING`."""
    match node:
        case ast.Subscript(owner, index):
            table, key = _table(owner, site), stored_value(index, site)
            if table is MISSING or not _are_names(key):
                return MISSING
            found = told(lambda: table[key])
            return found if _is_table(found) else MISSING
    found = stored_value(node, site)
    return found if _is_table(found) else MISSING


def _are_names(key: object) -> bool:
    return isinstance(key, str) or (
        type(key) is list and all(isinstance(each, str) for each in key)
    )


def _is_table(value: object) -> bool:
    pandas: Any = sys.modules.get("pandas")
    return pandas is not None and type(value) in (pandas.DataFrame, pandas.Series)


def _without_numbers(table: Any) -> list[str]:
    """The columns that hold values of which no numbers can be made; itself, where it is one."""
    if table.ndim == 1:
        return [] if _may_be_numbers(table) else [str(table.name)]
    columns = (table.iloc[:, k] for k in range(table.shape[1]))
    return [str(each.name) for each in columns if not _may_be_numbers(each)]


def _may_be_numbers(column: Any) -> bool:
    if getattr(column.dtype, "kind", "O") in "biuf":
        return True
    if getattr(column.dtype, "kind", "O") in "mM":
        return False  # times, which NumPy would count without a word
    some = column.head(_MOST_VALUES // 100)
    return told(lambda: some.to_numpy(dtype="float32")) is not None


def _message(
    call: Called, given: Operand, table: Operand, kind: str | None, others: list[str]
) -> str:
    start = f"{ast.unparse(call.node.func)} takes an array of numbers, and {given.name} "
    what = f"is a {kind} of pandas" if kind else "holds Python objects (dtype object)"
    if table.value.ndim == 1:
        return f"{start}{what if kind or not others else 'holds none'}{_no_numbers(kind, others)}."
    if not others:
        return f"{start}{what}{'' if kind else ', since its columns differ in type'}."
    more = f" and {len(others) - _MOST_COLUMNS} more" if len(others) > _MOST_COLUMNS else ""
    names = ", ".join(others[:_MOST_COLUMNS]) if more else listed(others)
    are = "is a column" if len(others) == 1 else "are columns"
    return f"{start}{what}: {names}{more} {are} without numbers."


def _no_numbers(kind: str | None, others: list[str]) -> str:
    return ", and not of numbers" if kind and others else ""


def _candidates(
    site: Site, call: Called, given: Operand, table: Operand, others: list[str]
) -> Iterator[Candidate]:
    owner = in_brackets(table.node, table.name)
    if others and table.value.ndim == 1:
        codes = f"{module_name(site, 'pandas', 'pd')}.factorize({table.name}, sort=True)[0]"
        text = f"Where each value stands for a class, number them: {codes}."
        yield _changed(site, given, text, codes)
    elif others:
        yield _of_columns(site, table, owner, others)
    else:
        as_they_are = _makes(call, table.value, None) != "failed"
        code = f"{owner}.{_as_they_are(call) if as_they_are else _NUMBERS}"
        change = _changed(site, given, f"Take its numbers: {code}.", code)
        dtype = None if as_they_are else "float32"
        yield Candidate(change.text, change.code, lambda: _makes(call, table.value, dtype))


def _of_columns(site: Site, table: Operand, owner: str, others: list[str]) -> Candidate:
    """To leave columns out, or to make numbers of them, which is not known of times."""
    few = len(others) <= _MOST_COLUMNS
    kept = f"{owner}.drop(columns={others})" if few else f'{owner}.select_dtypes("number")'
    ways = []
    if len(others) < len(table.value.columns):
        ways.append(f"Leave what holds no numbers out: {kept}.{_NUMBERS}.")
    if all(getattr(table.value.dtypes.get(each), "kind", "O") not in "mM" for each in others):
        pandas = module_name(site, "pandas", "pd")
        ways.append(
            "Where texts stand for classes, give each class a column of zeros and ones: "
            f"{pandas}.get_dummies({table.name}, dtype=float).{_NUMBERS}."
        )
    return Candidate(" ".join(ways) or "Make numbers of them first.")


def _changed(site: Site, given: Operand, text: str, code: str) -> Candidate:
    return Candidate(text, line_with(site, {given.node: code}))


def _as_they_are(call: Called) -> str:
    """The array of a table; a copy where the tensor shares its memory, which may be read alone."""
    return "to_numpy(copy=True)" if call.name in ("from_numpy", "as_tensor") else "to_numpy()"


def _makes(call: Called, table: Any, dtype: str | None) -> Tried:
    """Whether a tensor can be made of its numbers."""
    if table.size > _MOST_VALUES:
        numbers = all(getattr(each, "kind", "O") in "iuf" for each in _types(table))
        return "not tried" if dtype or numbers else "failed"
    array = told(lambda: table.to_numpy(dtype=dtype))
    torch: Any = sys.modules["torch"]
    function = call.function if call.function is not MISSING else torch.tensor
    return "failed" if array is None else tried(function, array)


def _types(table: Any) -> list[Any]:
    return [table.dtype] if table.ndim == 1 else list(table.dtypes)


def _of_unknown(site: Site, call: Called, given: Operand, kind: str | None) -> Explained:
    """Of a table that is made in the line, and is not made again."""
    assert given.node is not None
    if kind:
        code = f"{in_brackets(given.node, given.name)}.{_as_they_are(call)}"
        message = f"A tensor is made of an array, and {given.name} is a {kind} of pandas."
        change = _changed(site, given, f"If it holds numbers alone: {code}.", code)
    else:
        code = f'{given.name}.astype("float32")'
        message = f"{given.name} holds Python objects (dtype object), and a tensor holds numbers."
        change = Candidate(
            f"If all of them are numbers, {code}; texts must be made numbers first, as "
            "pd.get_dummies does."
        )
    return Explained("tensor-of-table", message, (given,), (change,))
