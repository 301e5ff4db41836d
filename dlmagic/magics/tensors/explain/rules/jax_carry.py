"""The carry of a loop of JAX, whose shape, dtype and structure must be the same after each step."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

_TYPE = r"\w+\[[^\]]*\]"
PATTERNS = (
    re.compile(
        r"[Tt]he input carry (component )?(?P<part>\S+) has type "
        rf"(?P<given>{_TYPE}) but the corresponding output carry component has type "
        rf"(?P<gives>{_TYPE})"
    ),
    re.compile(
        r"The input carry (component )?(?P<part>\S+) is (?P<given>.+?) but the corresponding "
        r"component of the carry output is (?P<gives>.+?)(, so .*)?$",
        re.MULTILINE,
    ),
)
_PLACES = {"scan": (0, 1), "while_loop": (1, 2), "fori_loop": (2, 3)}
"""Where the function of a loop and its first carry stand."""
_BODIES, _STARTS = ("f", "body_fun"), ("init", "init_val")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What comes in, what the function of the loop gives, and what keeps the two equal."""
    call, site = called(failure.site), failure.site
    if call is None or site is None or call.name not in _PLACES:
        return None
    places = _PLACES[call.name]
    body, start = call.argument(places[0], *_BODIES), call.argument(places[1], *_STARTS)
    if body is None or start is None:
        return None
    is_type = match.re is PATTERNS[0]
    kept = "shape and dtype" if is_type else "structure"
    given, gives = (_plain(match[key]) for key in ("given", "gives"))
    part = match["part"] if "[" in match["part"] and "loop_carry" not in match["part"] else "it"
    return Explained(
        kind="loop-carry",
        message=f"The carry of {call.name} keeps its {kept} from step to step: {part} comes in as "
        f"{given}, and {_short(body)} returns {gives}.",
        operands=(start,),
        candidates=tuple(
            _of_type(site, call, start, given, gives) if is_type else _of_structure(call)
        ),
    )


def _plain(text: str) -> str:
    """What it is, without the class of Python in signs: ``a dict`` of ``a <class 'dict'>``."""
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)


def _short(body: Operand) -> str:
    return body.name if body.name.isidentifier() else "its function"


def _of_structure(call: Called) -> Iterator[Candidate]:
    more = " What is only to be kept of a step is the second of the two." * (call.name == "scan")
    yield Candidate(f"Return the same parts that came in, in the same order.{more}")


def _of_type(
    site: Site, call: Called, start: Operand, given: str, gives: str
) -> Iterator[Candidate]:
    (dtype, shape), (new_dtype, new_shape) = (_split(each) for each in (given, gives))
    if shape == new_shape:
        yield _converted(site, start, dtype, new_dtype)
    elif _grows(shape, new_shape):
        kept = " or let scan stack what is kept of each step" if call.name == "scan" else ""
        yield Candidate(
            "An array cannot grow in a loop of JAX: make it in its full length before, and write "
            f"to it with .at[i].set(value){kept}."
        )
    else:
        yield Candidate(
            "Give both the same shape: that of the first carry, or that of what is returned."
        )


def _split(text: str) -> tuple[str, list[str]]:
    dtype, _, shape = text.rstrip("]").partition("[")
    return dtype, [each for each in shape.split(",") if each]


def _grows(shape: list[str], new: list[str]) -> bool:
    """Whether one axis alone has become longer."""
    if len(shape) != len(new) or not all(each.isdigit() for each in [*shape, *new]):
        return False
    longer = [int(b) - int(a) for a, b in zip(shape, new, strict=True) if a != b]
    return len(longer) == 1 and longer[0] > 0


def _converted(site: Site, start: Operand, dtype: str, new: str) -> Candidate:
    """The first carry in the type that comes of it, where that is the wider of the two."""
    numpy = module_name(site, "jax.numpy", "jnp")
    wide = told(lambda: str(_jax().numpy.promote_types(dtype, new))) == new
    if not wide:
        return Candidate(f"Return it as it came in, as with .astype({numpy}.{dtype}).")
    text = f"Start with {numpy}.{new}."
    if start.dtype != dtype or start.node is None:
        return Candidate(text)  # it is a part of the carry
    code = f"{in_brackets(start.node, start.name)}.astype({numpy}.{new})"
    return Candidate(text, line_with(site, {start.node: code}))


def _jax() -> Any:
    return sys.modules["jax"]
