"""A gradient of what is no single number, or with respect to whole numbers."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Place, Site

PATTERNS = (
    re.compile(r"Gradient only defined for scalar-output functions. Output had shape: (\(.*?\))"),
    re.compile(r"grad requires real- or complex-valued inputs"),
    re.compile(r"Gradient only defined for scalar-output functions. Output was [(\[{]"),
    re.compile(r"Expected a callable value, got"),
    re.compile(r"Only integer scalar arrays can be converted to a scalar index"),
    re.compile(r"cannot be interpreted as an integer|iteration over a 0-d|is not iterable"),
)
_MAKERS = ("grad", "value_and_grad")
_CHANGING = (*_MAKERS, "jit", "vmap", "jacobian", "jacfwd", "jacrev", "hessian", "checkpoint")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What the function returns or is given, and the line that mends it."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None:
        return None
    if match.re is PATTERNS[3]:
        return _of_a_result(site, call)
    if match.re in PATTERNS[4:]:
        return _with_arguments(site, call)
    function = _differentiated(call.node)
    if match.re is PATTERNS[2]:
        return _of_more(site, call.node, failure)
    if match.re is PATTERNS[0]:
        return _not_a_number(site, function, match[1])
    whole = [each for each in _differentiated_by(call) if _is_whole(each)]
    return _of_whole(site, whole[0]) if whole else None


def _differentiated(node: ast.Call) -> ast.expr | None:
    """The function f of ``jax.grad(f)(x)``."""
    return _differentiated_in(node.func)


def _differentiated_in(maker: ast.expr | None) -> ast.expr | None:
    """The function f of ``jax.grad(f)``."""
    if not isinstance(maker, ast.Call) or not maker.args:
        return None
    return maker.args[0] if ast.unparse(maker.func).rpartition(".")[2] in _MAKERS else None


def _differentiated_by(call: Called) -> list[Operand]:
    """The arguments that ``argnums`` names, the first by default; none where it is computed."""
    maker = call.node.func
    if not isinstance(maker, ast.Call):
        return list(call.arguments)
    named = [each.value for each in maker.keywords if each.arg == "argnums"]
    written = [*maker.args[1:2], *named, ast.Constant(0)][0]
    try:
        places = ast.literal_eval(written)
    except ValueError:
        return []
    wanted = places if isinstance(places, tuple | list) else (places,)
    return [call.arguments[k] for k in wanted if isinstance(k, int) and k < len(call.arguments)]


def _is_whole(operand: Operand) -> bool:
    known = operand.description
    if known is None:
        return type(operand.value) is int
    return str(known.dtype).startswith(("int", "uint", "bool"))


def _not_a_number(site: Site, function: ast.expr | None, shape: str) -> Explained:
    name = ast.unparse(function) if isinstance(function, ast.Name) else "the function"
    return Explained(
        kind="gradient-of-array",
        message=f"A gradient is taken of a single number; {name} returns an array of {shape}.",
        candidates=tuple(_summed(site, function)),
    )


def _of_more(site: Site, node: ast.Call, failure: Failure) -> Explained | None:
    """A function that returns a loss and more, as ``has_aux`` allows."""
    maker, place = _maker(site, node, failure)
    function = _differentiated_in(maker)
    if maker is None or function is None or _allows_more(maker):
        return None
    name = ast.unparse(function) if isinstance(function, ast.Name) else "the function"
    text = (
        "If the first of a pair is the loss, say that there is more: has_aux=True. The rest comes "
        "beside the result."
    )
    line = line_with(place, {maker: f"{ast.unparse(maker)[:-1]}, has_aux=True)"})
    return Explained(
        kind="gradient-of-more",
        message=f"A gradient is taken of a single number; {name} returns more than one thing.",
        candidates=(Candidate(text, line, None, place),),
    )


def _allows_more(maker: ast.Call) -> bool:
    return any(each.arg == "has_aux" for each in maker.keywords)


def _maker(site: Site, node: ast.Call, failure: Failure) -> tuple[ast.Call | None, Place]:
    """The call of ``jax.grad``, in the same expression or where its result got a name."""
    if isinstance(node.func, ast.Call):
        return node.func, site
    name = node.func.id if isinstance(node.func, ast.Name) else None
    origin = origin_of(name, site, failure) if name is not None else None
    if origin is None or not isinstance(origin.value, ast.Call):
        return None, site
    return origin.value, origin.place


def _of_a_result(site: Site, call: Called) -> Explained | None:
    """``jax.grad(f(x))``, where a function is changed and then called: ``jax.grad(f)(x)``."""
    node = call.node
    match node.args:
        case [ast.Call(function, [*_], [*_]) as inner] if call.name in _CHANGING:
            name, given = ast.unparse(function), [*inner.args, *inner.keywords]
        case _:
            return None
    arguments = ", ".join(map(ast.unparse, given))
    changing = ", ".join([name, *map(ast.unparse, node.keywords)])
    code = f"{ast.unparse(node.func)}({changing})({arguments})"
    return Explained(
        kind="result-for-function",
        message=f"{ast.unparse(node.func)} takes a function, and {ast.unparse(inner)} is what "
        f"{name} returns.",
        candidates=(Candidate(f"Write {code}.", line_with(site, {node: code})),),
    )


def _with_arguments(site: Site, call: Called) -> Explained | None:
    """``jax.grad(f, x)``, where the function that it returns takes the arguments."""
    jax: Any = sys.modules.get("jax")
    if jax is None or call.function not in [getattr(jax, name) for name in _MAKERS]:
        return None
    if len(call.arguments) < 2 or call.keywords or not _are_values(call.arguments[1:]):
        return None
    maker, (function, *given) = ast.unparse(call.node.func), [each.name for each in call.arguments]
    code = f"{maker}({function})({', '.join(given)})"
    return Explained(
        kind="arguments-for-maker",
        message=f"{maker} returns a function, and that takes the arguments: {given[0]} stands in "
        "the place of argnums.",
        operands=call.arguments[1:2],
        candidates=(Candidate(f"Write {code}.", line_with(site, {call.node: code})),),
    )


def _are_values(given: tuple[Operand, ...]) -> bool:
    """Whether the first is no number of an argument, as ``argnums`` takes it."""
    value = given[0].value
    return given[0].description is not None or isinstance(value, dict | list | float)


def _summed(site: Site, function: ast.expr | None) -> Iterator[Candidate]:
    text = "Sum the result, or take jax.jacobian for the gradient of every element."
    if function is None:
        yield Candidate(text)
    elif isinstance(function, ast.Lambda):
        yield Candidate(text, line_with(site, {function.body: f"({_code(function.body)}).sum()"}))
    else:
        code = f"lambda *inputs: {_code(function)}(*inputs).sum()"
        yield Candidate(text, line_with(site, {function: code}))


def _code(node: ast.expr) -> str:
    return ast.unparse(node)


def _of_whole(site: Site, given: Operand) -> Explained:
    known = given.description
    what = f"has dtype {known.dtype}" if known else "is a whole number"
    code = f"{given.name}.astype(float)" if known else f"{given.name}.0"
    if known is None and not isinstance(given.node, ast.Constant):
        code = f"float({given.name})"
    line = line_with(site, {given.node: code}) if given.node else None
    return Explained(
        kind="gradient-of-integers",
        message=f"A gradient needs floating point numbers, and {given.name} {what}.",
        operands=(given,),
        candidates=(Candidate("Make it floating point.", line),),
    )
