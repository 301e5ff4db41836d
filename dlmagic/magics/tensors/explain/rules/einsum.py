"""``einsum`` of tensors that its letters do not fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from dlmagic.magics.tensors.explain.calls import called, computes
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"einsum\(\): "),
    re.compile(r"operands could not be broadcast together with remapped shapes"),
    re.compile(r"einstein sum|Einstein sum"),
    re.compile(r"Size of label '\w' for operand \d+"),
    re.compile(r"Expected (dimension|input) \d+ .*\[Op:Einsum\]"),
)
_MOST_LETTERS = 4
"""Of one operand, up to which other orders are tried."""
_REST = "..."


@dataclass(frozen=True)
class _Sum:
    """An equation such as ``"ij,jk->ik"`` and what it is asked of.

    Attributes:
        node: Where the equation is written.
        terms: Letters of each operand.
        result: The arrow and the letters of the result, or an empty text.
        operands: The tensors.
    """

    node: ast.Constant = field(repr=False)
    terms: tuple[str, ...]
    result: str
    operands: tuple[Operand, ...]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of each operand."""
        return tuple(each.shape or () for each in self.operands)

    def with_terms(self, terms: Sequence[str]) -> str:
        """The equation with other letters for its operands."""
        return f"{','.join(terms)}{self.result}"


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which letter stands for two lengths, or which operand has more axes or fewer than letters."""
    site = failure.site
    asked = _asked(site)
    if site is None or asked is None:
        return None
    return _of_counts(site, asked) or _of_lengths(site, asked)


def _asked(site: Site | None) -> _Sum | None:
    """The sum, where its equation is written out and all shapes are known."""
    call = called(site)
    if call is None or call.name != "einsum" or not computes(site) or len(call.arguments) < 2:
        return None
    equation, *operands = call.arguments
    node = equation.node
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    inputs, arrow, result = node.value.replace(" ", "").partition("->")
    terms = tuple(inputs.split(","))
    whole = all(each.shape is not None for each in operands) and len(terms) == len(operands)
    return _Sum(node, terms, arrow + result, tuple(operands)) if whole else None


def _of_counts(site: Site, asked: _Sum) -> Explained | None:
    for position, (term, operand) in enumerate(zip(asked.terms, asked.operands, strict=True)):
        shape = operand.shape or ()
        letters = len(term.replace(_REST, ""))
        fits = len(shape) >= letters if _REST in term else len(shape) == letters
        if not fits:
            return Explained(
                kind="einsum-axes",
                message=(
                    f"einsum names {letters} axes of {operand.name} ({term}), which has "
                    f"{len(shape)} {shape}."
                ),
                operands=(operand,),
                candidates=tuple(_with_rest(site, asked, position)) if len(shape) > letters else (),
            )
    return None


def _with_rest(site: Site, asked: _Sum, position: int) -> Iterator[Candidate]:
    """Letters for the last axes alone, those in front staying as they are."""
    terms = list(asked.terms)
    terms[position] = f"{_REST}{terms[position]}"
    result = asked.result if _REST in asked.result else asked.result.replace("->", f"->{_REST}")
    code = _quoted(site, f"{','.join(terms)}{result}")
    yield rewritten(site, f"Keep the axes in front: {code}.", {asked.node: code})


def _of_lengths(site: Site, asked: _Sum) -> Explained | None:
    found = _contradiction(asked.terms, asked.shapes)
    if found is None:
        return None
    one, other = asked.operands[found.first], asked.operands[found.second]
    return Explained(
        kind="einsum-lengths",
        message=(
            f"In einsum, {found.letter} stands for one length: it is {found.lengths[0]} in "
            f"{one.name} {one.shape} and {found.lengths[1]} in {other.name} {other.shape}."
        ),
        operands=(other, one),
        candidates=tuple(_reordered(site, asked)),
    )


@dataclass(frozen=True)
class _Contradiction:
    """A letter that stands for two lengths.

    Attributes:
        letter: The letter.
        lengths: Both.
        first: Position of the operand that has the first of them.
        second: Position of the other one.
    """

    letter: str
    lengths: tuple[int, int]
    first: int
    second: int


def _contradiction(
    terms: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> _Contradiction | None:
    """The first one, or None; a length of 1 fits everything."""
    known: dict[str, tuple[int, int]] = {}
    for position, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for letter, length in zip(term, shape, strict=False) if _REST not in term else ():
            before = known.get(letter)
            if before is not None and length != 1 and length != before[0]:
                return _Contradiction(letter, (before[0], length), before[1], position)
            if before is None and length != 1:
                known[letter] = (length, position)
    return None


def _reordered(site: Site, asked: _Sum) -> Iterator[Candidate]:
    """The axes of one operand named in another order, where that fits."""
    for position, (term, operand) in enumerate(zip(asked.terms, asked.operands, strict=True)):
        orders = permutations(term) if len(term) <= _MOST_LETTERS else ()
        for order in sorted({"".join(each) for each in orders} - {term}):
            terms = [order if k == position else each for k, each in enumerate(asked.terms)]
            if _contradiction(terms, asked.shapes) is None:
                code = _quoted(site, asked.with_terms(terms))
                text = f"Name the axes of {operand.name} in their order: {code}."
                yield rewritten(site, text, {asked.node: code})


def _quoted(site: Site, text: str) -> str:
    """The text in the quotes that the user has around the equation."""
    return f"'{text}'" if "'" in site.source else f'"{text}"'
