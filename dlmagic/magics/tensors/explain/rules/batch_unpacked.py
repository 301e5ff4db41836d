"""A batch of a ``DataLoader`` that a loop takes apart into more or fewer parts than it has."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.display.units import listed
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.returning import returned_by
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"(?:not enough|too many) values to unpack \(expected \d+"),)
_MOST_KEYS = 6
_Parts = list[str] | int | None
"""The keys of a batch that is a dictionary, how many parts another has, or None."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What a batch is, as far as that is known without making one."""
    site = failure.site
    target = site.node if site is not None else None
    if site is None or failure.below or not isinstance(target, ast.Tuple | ast.List):
        return None
    if any(isinstance(each, ast.Starred) for each in target.elts):
        return None
    names, count = ", ".join(map(ast.unparse, target.elts)), len(target.elts)
    match site.statement:
        case ast.For() as loop:
            return _of_loop(loop, target, failure)
        case ast.Assign([whole], value) if whole is target:
            return _of_batch(operand(value, site), names, count)
    return None


def _of_loop(loop: ast.For, target: ast.Tuple | ast.List, failure: Failure) -> Explained | None:
    site = failure.site
    assert site is not None
    source, numbered = _source(loop.iter, site)
    if source is None:
        return None
    whole = loop.target
    if numbered and whole is target:
        return _of_numbered(source, target, site)
    pair = whole.elts if numbered and isinstance(whole, ast.Tuple) else [whole]
    if pair[-1] is not target:
        return None
    taken = ", ".join([*map(ast.unparse, pair[:-1]), "batch"])
    batch = f"for {taken} in {ast.unparse(loop.iter)}"
    return _of_parts(source, target, batch, _of_loader(source.value, failure))


def _source(iterated: ast.expr, site: Site) -> tuple[Operand | None, bool]:
    """The loader of a loop, also within ``enumerate`` and ``tqdm``; and whether it is counted."""
    numbered = False
    while isinstance(iterated, ast.Call) and iterated.args:
        name = ast.unparse(iterated.func).rpartition(".")[2]
        if name not in ("enumerate", "tqdm"):
            return None, numbered
        numbered = numbered or name == "enumerate"
        iterated = iterated.args[0]
    loader: Any = getattr(sys.modules.get("torch.utils.data"), "DataLoader", None)
    found = Operand(ast.unparse(iterated), value_of(iterated, site), iterated)
    return (found if loader and isinstance(found.value, loader) else None), numbered


def _of_numbered(loader: Operand, target: ast.Tuple | ast.List, site: Site) -> Explained | None:
    """``for k, x, y in enumerate(loader)``, which lacks brackets."""
    if len(target.elts) < 3:
        return None
    first, *others = names = [ast.unparse(each) for each in target.elts]
    new = f"{first}, ({', '.join(others)})"
    return Explained(
        "batch-unpacked",
        f"enumerate gives pairs of a number and a batch, and {', '.join(names)} are names for "
        f"{len(names)}.",
        (loader,),
        (
            Candidate(
                f"Set the names of the parts of a batch in brackets: {new}.",
                line_with(site, {target: new}),
            ),
        ),
    )


def _of_loader(loader: Any, failure: Failure) -> _Parts:
    data: Any = sys.modules["torch.utils.data"]
    if loader.batch_size is None or loader.collate_fn is not data.default_collate:
        return None
    samples = loader.dataset
    while type(samples) is data.Subset:
        samples = samples.dataset
    if type(samples) is data.TensorDataset:
        return len(samples.tensors)
    if type(samples) in (list, tuple) and samples:
        return _parts(samples[0])
    code = getattr(getattr(type(samples), "__getitem__", None), "__code__", None)
    return _written(returned_by(code, failure))


def _parts(sample: object) -> _Parts:
    if type(sample) is dict:
        return list(map(str, sample))
    return len(sample) if type(sample) in (list, tuple) else None  # type: ignore[arg-type]


def _written(values: list[ast.expr]) -> _Parts:
    """The same of what a data set is written to return, where all of it is alike."""
    found = [_written_parts(each) for each in values]
    return found[0] if found and all(each == found[0] for each in found) else None


def _written_parts(node: ast.expr) -> _Parts:
    match node:
        case ast.Dict(keys) if all(isinstance(each, ast.Constant) for each in keys):
            return [str(each.value) for each in keys if isinstance(each, ast.Constant)]
        case ast.Tuple(items) if not any(isinstance(each, ast.Starred) for each in items):
            return len(items)
    return None


def _of_parts(
    loader: Operand, target: ast.Tuple | ast.List, batch: str, parts: _Parts
) -> Explained | None:
    names, count = ", ".join(map(ast.unparse, target.elts)), len(target.elts)
    start = f"The batches of {loader.name}"
    if parts is None:
        message = f"{start} do not have the {count} parts that {names} stand for."
        text = (
            f"Look at one: batch = next(iter({loader.name})). Where it is a dictionary, write "
            f"{batch}, and take what you need by its keys."
        )
    elif isinstance(parts, int):
        if parts == count:
            return None
        message = f"{start} have {_count(parts)}, and {names} are names for {count}."
        text = "Name them all; _ is the usual name of what is not needed."
        if parts < count:
            text = f"Write {batch}, and look at what it holds."
    elif len(parts) == count:
        return None
    else:
        message = f"{start} are dictionaries with {_keys(parts)}."
        text = f'Write {batch}, and batch["{parts[0]}"] for the first of them.'
    return Explained("batch-unpacked", message, (loader,), (Candidate(text),))


def _of_batch(batch: Operand, names: str, count: int) -> Explained | None:
    """A batch in a variable, whose keys are known."""
    if type(batch.value) is not dict or len(batch.value) == count:
        return None
    torch: Any = sys.modules.get("torch")
    if torch is None or not any(isinstance(v, torch.Tensor) for v in batch.value.values()):
        return None
    keys = [str(each) for each in batch.value]
    return Explained(
        "batch-unpacked",
        f"{batch.name} is a dictionary with {_keys(keys)}, of which {names} would be keys.",
        (batch,),
        (Candidate(f'Take what you need by its key, as {batch.name}["{keys[0]}"].'),),
    )


def _count(parts: int) -> str:
    return f"{parts} part{'' if parts == 1 else 's'}"


def _keys(keys: list[str]) -> str:
    named = [f'"{each}"' for each in keys[:_MOST_KEYS]]
    return listed(named) if len(keys) <= _MOST_KEYS else f"{', '.join(named)} and others"
