"""Functions of ``jax.random``, whose first argument is a key: one that is no key, or many."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dlmagic.errors import with_article
from dlmagic.magics.tensors.explain.calls import Called, called, is_known, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"unexpected PRNG key type|invalid PRNG key data"),
    re.compile(r"accepts a single key, but was given a key array"),
    re.compile(r"missing 1 required positional argument: 'key'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What stands in the place of the key, and the call with one."""
    call, site = called(failure.site), failure.site
    if call is None or site is None or not _draws(call):
        return None
    key = call.argument(0, "key")
    if match.re is PATTERNS[2]:
        return _told(f"{call.name} takes a key, and gets none.", (), [_with_key(site, call)])
    if key is None or not is_known(key):
        return None
    if match.re is PATTERNS[1]:
        return _of_many(call, key) if _shape(key.value) else None
    if _is_key(key.value):
        return None
    message = f"The first argument of {call.name} is a key of JAX; {_said(key)}."
    return _told(message, (key,), list(_candidates(site, call, key)))


def _said(key: Operand) -> str:
    if key.value is None:
        return "it is None" if key.name == "None" else f"{key.name} is None"
    kind = with_article(type(key.value).__name__) if key.description is None else "an array"
    return f"{key.name} is {kind}"


def _told(message: str, operands: tuple[Operand, ...], candidates: list[Candidate]) -> Explained:
    return Explained("random-key", message, operands, tuple(candidates))


def _draws(call: Called) -> bool:
    module = str(getattr(call.function, "__module__", ""))
    return module.startswith("jax.") and ".random" in module


def _of_many(call: Called, keys: Operand) -> Explained:
    count = _shape(keys.value)[0]
    return _told(
        f"{call.name} takes one key, and {keys.name} holds {count}.",
        (keys,),
        [
            Candidate(
                f"Take one of them, such as {keys.name}[0], or draw with each of them: "
                f"jax.vmap(lambda key: …)({keys.name})."
            )
        ],
    )


def _shape(value: Any) -> tuple[int, ...]:
    """Without the axis of the numbers of which old keys are made."""
    shape = tuple(getattr(value, "shape", ()))
    return shape if _is_of_keys(value) else shape[:-1]


def _is_of_keys(value: Any) -> bool:
    jax: Any = sys.modules["jax"]
    return bool(jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key))


def _is_key(value: Any) -> bool:
    """Whether it is one key, of the new kind or the old."""
    jax: Any = sys.modules["jax"]
    if not isinstance(value, jax.Array):
        return False
    return _is_of_keys(value) or (str(value.dtype) == "uint32" and value.shape[-1:] == (2,))


def _candidates(site: Site, call: Called, first: Operand) -> Iterator[Candidate]:
    other = next((each for each in call.arguments[1:] if _is_key(each.value)), None)
    if other is not None and first.node is not None and other.node is not None:
        line = line_with(site, {first.node: other.name, other.node: first.name})
        values = [
            other.value if each is first else first.value if each is other else each.value
            for each in call.arguments
        ]
        yield Candidate("Exchange the two.", line, _trial(call, values))
        return
    if type(first.value) is int and first.node is not None:
        code = f"{_made(site, call)}({first.name})"
        made = _new_key(first.value)
        values = [made if each is first else each.value for each in call.arguments]
        line = line_with(site, {first.node: code})
        trial = _trial(call, values, {"key": made} if "key" in call.keywords else {})
        yield Candidate(f"Make a key of the number: {code}.", line, trial)
    if "key" not in call.keywords:
        yield _with_key(site, call)


def _with_key(site: Site, call: Called) -> Candidate:
    """The call with a new key in front of what it is given."""
    code = f"{_made(site, call)}(0)"
    given = [ast.unparse(each) for each in [*call.node.args, *call.node.keywords]]
    new = f"{ast.unparse(call.node.func)}({', '.join([code, *given])})"
    values = [_new_key(0), *(each.value for each in call.arguments)]
    return Candidate(
        f"Give it a key first, such as {code}; each draw needs one of its own (split).",
        line_with(site, {call.node: new}),
        _trial(call, values),
    )


def _made(site: Site, call: Called) -> str:
    """How the user's code names the function that makes a key."""
    name = "key" if hasattr(sys.modules["jax"].random, "key") else "PRNGKey"
    function = call.node.func
    if isinstance(function, ast.Attribute):
        return f"{ast.unparse(function.value)}.{name}"
    return f"{module_name(site, 'jax', 'jax')}.random.{name}"


def _new_key(seed: int) -> Any:
    jax: Any = sys.modules["jax"]
    return getattr(jax.random, "key", jax.random.PRNGKey)(seed)


def _trial(
    call: Called, values: list[Any], named: Mapping[str, Any] | None = None
) -> Callable[[], Tried]:
    """Whether such a call is taken; nothing is drawn for it."""
    jax: Any = sys.modules["jax"]
    keywords = {**{name: each.value for name, each in call.keywords.items()}, **(named or {})}

    def trial() -> Tried:
        jax.eval_shape(lambda: call.function(*values, **keywords))
        return "shape-verified"

    return trial
