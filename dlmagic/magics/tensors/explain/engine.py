"""From an error to its explanation: find the place, ask the rules, try the fixes."""

from __future__ import annotations

import linecache
from collections.abc import Iterator

from dlmagic.environment import Environment
from dlmagic.errors import RankError
from dlmagic.finding import Finding, Fix, Status
from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.catalogue import rules
from dlmagic.magics.tensors.explain.compiled import as_if_eager
from dlmagic.magics.tensors.explain.edits import still_parses
from dlmagic.magics.tensors.explain.failure import Failure, errors_behind, failure_of
from dlmagic.magics.tensors.explain.hostile import class_name
from dlmagic.magics.tensors.explain.origins import origins_of
from dlmagic.magics.tensors.explain.result import Explanation, OperandInfo
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import NameOfCell, Place, Site
from dlmagic.magics.tensors.explain.timed import timed_code
from dlmagic.magics.tensors.explain.trying import Tried
from dlmagic.magics.tensors.explain.values import MISSING
from dlmagic.magics.tensors.ranks.places import explanation_on_rank
from dlmagic.magics.tensors.silencing import SILENCED

"""On any line that the error passed through, it keeps the explanation away."""
_NO_MORE = "dlmagic has no explanation for this error."
_MOST_FIXES = 3
_HOLDS: dict[Tried, Status] = {"verified": "verified", "shape-verified": "shape-verified"}
_NOT_MISTAKES = (KeyboardInterrupt, SystemExit, GeneratorExit)


def explain(error: BaseException, name_of_cell: NameOfCell) -> Explanation | None:
    """The mistake behind an error; None where nothing is known beyond what the error says.

    Nothing of the user's is run again: operands are looked up where the error left them, and a
    fix is tried on copies of them.

    Args:
        error: What was raised.
        name_of_cell: What the user calls the code of a file; None for code of others.
    """
    if isinstance(error, RankError):
        return explanation_on_rank(error, name_of_cell)
    if isinstance(error, _NOT_MISTAKES):
        return None
    with timed_code(error, name_of_cell) as name_of_code:
        return _first_explained(error, name_of_code)


def _first_explained(error: BaseException, name_of_cell: NameOfCell) -> Explanation | None:
    """Of an error and those behind it, the first that a rule knows."""
    for each in errors_behind(error):
        failure = as_if_eager(failure_of(each, name_of_cell))
        site = failure.site
        if any(SILENCED in step.source for step in failure.sites):
            return None
        explained = _explained(failure) if site is not None else None
        if site is not None and explained is not None:
            return _explanation(failure, site, explained)
    return None


def _explained(failure: Failure) -> Explained | None:
    for rule in rules():
        for pattern in rule.PATTERNS:
            match = failure.search(pattern)
            found = told(lambda: rule.explain(failure, match)) if match else None  # noqa: B023
            if found is not None:
                return found
    return None


def _explanation(failure: Failure, site: Site, explained: Explained) -> Explanation:
    findings = _findings(explained, site)
    text = " ".join(f"{class_name(failure.error)}: {failure.texts[0]}".split())
    return Explanation(
        environment=Environment.capture(),
        findings=(findings[0], *(_findings(each, None)[0] for each in explained.further)),
        error=text,
        finding=findings[0],
        operands=tuple(map(_info, filter(_is_known, explained.operands))),
        alternatives=tuple(findings[1:_MOST_FIXES]),
        notes=(*origins_of(explained.operands[:1], failure, findings[0]), *explained.notes),
    )


def _findings(explained: Explained, site: Site | None) -> list[Finding]:
    """What is wrong, once for each change that mends it."""
    fixes = _fixes(explained.candidates, site)
    found = [_finding(site, explained, fix, candidate) for candidate, fix in fixes]
    return found or [_finding(site, explained, None, None)]


def _fixes(candidates: tuple[Candidate, ...], site: Site | None) -> Iterator[tuple[Candidate, Fix]]:
    """The fixes that hold, or else those that could not be tried.

    Where two hold equally, none of them is called verified.
    """
    outcomes = [(candidate, _tried(candidate)) for candidate in candidates]
    holding = [each for each, outcome in outcomes if outcome in _HOLDS]
    untried = [each for each, outcome in outcomes if outcome == "not tried"]
    status = (
        _HOLDS[outcomes[candidates.index(holding[0])][1]] if len(holding) == 1 else "unverified"
    )
    for candidate in holding or untried:
        yield candidate, Fix(candidate.text, _code(candidate, site), status)


def _code(candidate: Candidate, site: Site | None) -> str | None:
    """What the line becomes; None where that would be no Python, as ``with`` behind a ``;``."""
    place = candidate.site or site
    if candidate.code is None or place is None:
        return candidate.code
    line = candidate.line or place.line
    return candidate.code if still_parses(place, line, candidate.code) else None


def _tried(candidate: Candidate) -> Tried:
    if candidate.check is None:
        return "not tried"
    try:
        return candidate.check()
    except Exception:  # a check that fails has shown nothing
        return "failed"


def _finding(
    site: Site | None,
    explained: Explained,
    fix: Fix | None,
    candidate: Candidate | None,
) -> Finding:
    place = candidate.site if candidate and candidate.site else site
    line = candidate.line if candidate and candidate.line else place.line if place else None
    return Finding(
        kind=explained.kind,
        level="error",
        message=explained.message,
        cell=place.cell if place else None,
        line=line,
        source=_source(place, line) if place else None,
        operands=tuple(each.name for each in explained.operands),
        fix=fix,
    )


def _source(place: Place, line: int | None) -> str:
    if line is None or line == place.line:
        return place.source
    return linecache.getline(place.file, line).strip()


def _is_known(operand: Operand) -> bool:
    return operand.value is not MISSING or operand.stated is not None


def _info(operand: Operand) -> OperandInfo:
    known = operand.description
    if known is None:
        return OperandInfo(operand.name, class_name(operand.value))
    return OperandInfo(
        operand.name, known.kind, known.shape, known.dtype, known.device, known.contiguous
    )


def explain_or_say(error: BaseException, name_of_cell: NameOfCell) -> Explanation:
    """The mistake behind an error; without one, the error in one line and that no more is known."""
    found = explain(error, name_of_cell)
    if found is not None:
        return found
    text = " ".join(
        f"{class_name(error)}: {failure_of(error, lambda _file: None).texts[0]}".split()
    )
    return Explanation(environment=Environment.capture(), error=text, notes=(_NO_MORE,))
