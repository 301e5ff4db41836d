"""Mistakes with arrays of JAX, also while a function is traced."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest

from dlmagic.finding import Fix
from tests.magics.tensors.explain.explained import Case, check, explained

SETUP = """
from functools import partial
import numpy as np
import jax
import jax.numpy as jnp
a, b, v = jnp.ones((3, 4)), jnp.ones((5, 4)), jnp.ones(3)
kept = []
FIRST = 0
def unknown(x):
    return x
"""


DONATED = """@partial(jax.jit, donate_argnums=0)
def step(state, x):
    return jax.tree.map(lambda each: each * x, state)
{}"""
MARKED = """{}
def f(n, m, v):
    return jnp.ones((n, m)) * v
f(2, 3, 1.0)"""


def jitted(body: str, call: str, arguments: str = "x") -> str:
    """A cell with a function that JAX compiles, and its call."""
    return f"@jax.jit\ndef f({arguments}):\n    {body}\n{call}"


CASES = [
    Case(
        SETUP,
        jitted("print(x.sum().item())\n    return x", "f(v)"),
        "traced-number",
        3,
        "x has no value yet",
        "jax.debug.print('{}', x.sum())",
    ),
    Case(
        SETUP,
        jitted("print('sum', f'{float(x.sum()):.2f} {{of}}', x.shape)\n    return x", "f(v)"),
        "traced-number",
        3,
        "x has no value yet",
        "jax.debug.print('sum {:.2f} {{of}} {}', x.sum(), x.shape)",
    ),
    Case(
        SETUP,
        jitted("return jnp.unique(x)", "f(v)"),
        "traced-number",
        3,
        "The length of jnp.unique(x) depends on the values of x",
    ),
    Case(
        SETUP,
        jitted("i = jnp.where(x > 0)\n    return i", "f(v)"),
        "traced-number",
        3,
        "The length of jnp.where(x > 0) depends on the values of x",
    ),
    Case(
        SETUP,
        jitted("return jnp.bincount(x)", "f(jnp.arange(3))"),
        "traced-number",
        3,
        "The length of jnp.bincount(x) depends on the values of x",
    ),
    Case(
        SETUP,
        DONATED.format("w = v * 1\nnew = step(w, 2.0)\nw + 1"),
        "array-donated",
        6,
        "w has no values any more: its memory was given away, as to a function of jax.jit with",
    ),
    Case(
        SETUP,
        DONATED.format("w = {'a': v * 1}\nnew = step(w, 2.0)\nnew = step(w, 2.0)"),
        "array-donated",
        6,
        "Arrays in w have no values any more",
    ),
    Case(
        SETUP,
        DONATED.format("w = {'a': v * 1}\nnew = step(w, 2.0)\nw['a'].sum()"),
        "array-donated",
        6,
        "Arrays in w have no values any more",
    ),
    Case(
        SETUP,
        "c = jnp.concatenate(v, v)",
        "not-together",
        1,
        "gets v and v one by one",
        "c = jnp.concatenate([v, v])",
        "verified",
    ),
    Case(SETUP, "a @ b", "matmul-shapes", 1, "b has 5 rows", "a @ b.T", "verified"),
    Case(SETUP, "jnp.dot(a, b)", "matmul-shapes", 1, "b", "jnp.dot(a, b.T)", "verified"),
    Case(
        SETUP,
        jitted("z = p * 2\n    return z @ q", "f(a, b)", "p, q"),
        "matmul-shapes",
        4,
        "z has 4 columns, q has 5 rows",
        "return z @ q.T",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("return (p * 2) @ q", "f(a, b)", "p, q"),
        "matmul-shapes",
        3,
        "p * 2 has 4 columns",
        "return (p * 2) @ q.T",
        "shape-verified",
    ),
    Case(SETUP, "a + v", "broadcast-shapes", 1, "v 3", "a + v[..., None]", "verified"),
    Case(SETUP, "a[0] = 1", "immutable-array", 1, "a cannot", "a = a.at[0].set(1)", "verified"),
    Case(
        SETUP,
        "a[0, 1] += 2",
        "immutable-array",
        1,
        "a cannot",
        "a = a.at[0, 1].add(2)",
        "verified",
    ),
    Case(
        SETUP,
        jitted("return x if x.sum() > 0 else -x", "f(a)"),
        "traced-branch",
        3,
        "x has no numbers",
        "return jnp.where(x.sum() > 0, x, -x)",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("if n > 2:\n        return x\n    return -x", "f(a, 3)", "x, n"),
        "traced-branch",
        1,
        '"if n > 2"',
        '@jax.jit(static_argnames="n")',
        "unverified",
    ),
    Case(
        SETUP,
        jitted("if x.sum() > 2:\n        return x\n    return -x", "f(a)"),
        "traced-branch",
        3,
        '"if x.sum() > 2"',
    ),
    Case(
        SETUP,
        jitted("return jnp.zeros(n) + x", "f(1.0, 3)", "x, n"),
        "traced-number",
        1,
        "jnp.zeros(n) needs a number",
        '@jax.jit(static_argnames="n")',
    ),
    Case(
        SETUP,
        jitted("for _ in range(n):\n        x = x + 1\n    return x", "f(1.0, 3)", "x, n"),
        "traced-number",
        1,
        "range(n)",
        '@jax.jit(static_argnames="n")',
    ),
    Case(
        SETUP,
        "def f(x, n):\n    return x * jnp.arange(n)\ng = jax.jit(f)\ng(1.0, 3)",
        "traced-number",
        3,
        "jnp.arange(n)",
        'g = jax.jit(f, static_argnames="n")',
    ),
    Case(
        SETUP,
        "jax.jit(lambda x: float(x.sum()))(a)",
        "traced-number",
        1,
        "x has no value yet",
        "jax.jit(lambda x: x.sum())(a)",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("return np.sin(x)", "f(a)"),
        "numpy-in-jit",
        3,
        "sin of NumPy",
        "return jnp.sin(x)",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("return x[x > 0].sum()", "f(a)"),
        "traced-mask",
        3,
        "x[x > 0]",
        "return jnp.where(x > 0, x, 0).sum()",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("return x[x > 0].mean()", "f(a)"),
        "traced-mask",
        3,
        "x[x > 0]",
        "return x.mean(where=x > 0)",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("return jnp.std(x[x > 0]) + 1", "f(a)"),
        "traced-mask",
        3,
        "x[x > 0]",
        "return jnp.std(x, where=x > 0) + 1",
        "shape-verified",
    ),
    Case(
        SETUP,
        jitted("return (x * 2)[m].max()", "f(a, a > 0)", "x, m"),
        "traced-mask",
        3,
        "(x * 2)[m]",
        "return (x * 2).max(where=m, initial=-jnp.inf)",
        "shape-verified",
    ),
    Case(
        SETUP,
        MARKED.format('@partial(jax.jit, static_argnames=["n"])'),
        "traced-number",
        1,
        "m has no value yet",
        '@partial(jax.jit, static_argnames=("n", "m"))',
    ),
    Case(
        SETUP,
        MARKED.format('@partial(jax.jit, static_argnames="n")'),
        "traced-number",
        1,
        "m has no value yet",
        '@partial(jax.jit, static_argnames=("n", "m"))',
    ),
    Case(
        SETUP,
        MARKED.format("@partial(jax.jit, static_argnums=0)"),
        "traced-number",
        1,
        "m has no value yet",
        "@partial(jax.jit, static_argnums=(0, 1))",
    ),
    Case(
        SETUP,
        MARKED.format('@partial(jax.jit, static_argnums=(0,), static_argnames="n")'),
        "traced-number",
        1,
        "m has no value yet",
        '@partial(jax.jit, static_argnums=(0, 1), static_argnames=("n", "m"))',
    ),
    Case(SETUP, MARKED.format("@partial(jax.jit, static_argnums=FIRST)"), "traced-number", 1, "m "),
    Case(
        SETUP,
        "def g(n, m):\n    return jnp.ones((n, m))\nh = jax.jit(g)\nh(2, 3)",
        "traced-number",
        3,
        "n has no value yet",
        'h = jax.jit(g, static_argnames=("n", "m"))',
    ),
    Case(
        SETUP,
        jitted("return jnp.full((n,), k) * x", "f(1.0, 3, 4)", "x, n, k"),
        "traced-number",
        1,
        "n has no value yet",
        '@jax.jit(static_argnames="n")',
    ),
    Case(
        SETUP,
        jitted("return np.linalg.norm(x)", "f(a)"),
        "numpy-in-jit",
        3,
        "norm of NumPy",
        "return jnp.linalg.norm(x)",
    ),
    Case(SETUP, jitted("return np.random.poisson(x)", "f(a)"), "numpy-in-jit", 3, "of NumPy"),
    Case(SETUP, jitted("for _ in range(int(x[0, 1])): pass", "f(a)"), "traced-number", 3, "int("),
    Case(SETUP, jitted("return x[: int(x[0, 1])]", "f(a)"), "traced-number", 3, "int("),
    Case(
        SETUP,
        jitted("kept.append(x)\n    return x", "f(a)\nkept[0] + 1"),
        "leaked-tracer",
        6,
        "kept[0] was stored while JAX traced f",
    ),
    Case(
        SETUP,
        "jax.grad(lambda x: x * 2)(v)",
        "gradient-of-array",
        1,
        "(3,)",
        "jax.grad(lambda x: (x * 2).sum())(v)",
        "unverified",
    ),
    Case(
        SETUP,
        "jax.grad(jnp.sin)(v)",
        "gradient-of-array",
        1,
        "(3,)",
        "jax.grad(lambda *inputs: jnp.sin(*inputs).sum())(v)",
    ),
    Case(
        SETUP,
        "jax.grad(lambda x: x * 2)(3)",
        "gradient-of-integers",
        1,
        "3 is a whole number",
        "jax.grad(lambda x: x * 2)(3.0)",
    ),
    Case(
        SETUP,
        "k = jnp.arange(3)\njax.grad(lambda x, y: (x * y).sum(), argnums=1)(k, k)",
        "gradient-of-integers",
        2,
        "k has dtype int32",
        "jax.grad(lambda x, y: (x * y).sum(), argnums=1)(k, k.astype(float))",
    ),
    Case(
        SETUP,
        "labels = jnp.arange(3)\njax.grad(lambda p, y: p['n'].sum())({'n': labels}, labels)",
        None,
    ),
    Case(
        SETUP,
        "k = jnp.arange(3)\njax.grad(lambda x: x.sum() * 2)(k)",
        "gradient-of-integers",
        2,
        "k has dtype int32",
        "jax.grad(lambda x: x.sum() * 2)(k.astype(float))",
    ),
    Case(
        SETUP,
        jitted("return x", 'f(a, "relu")', "x, name"),
        "not-an-array",
        1,
        "'relu' is a string",
        '@jax.jit(static_argnames="name")',
    ),
    Case(
        SETUP,
        "jax.vmap(jnp.add)(v, 2.0)",
        "mapped-axes",
        1,
        "2.0 has no axis",
        "jax.vmap(jnp.add, in_axes=(0, None))(v, 2.0)",
        "unverified",
    ),
    Case(SETUP, "jax.vmap(jnp.add)(a, b)", "mapped-axes", 1, "a has 3 elements there, b has 5"),
    Case(
        SETUP,
        "mask = jnp.ones((3, 1)) > 0\na[mask]",
        "mask-shape",
        2,
        "mask is (3, 1)",
        "a[mask[..., 0]]",
        "verified",
    ),
    Case(
        SETUP,
        "(a == jnp.array([0, 3, 1])).mean()",
        "compared-classes",
        1,
        "a score for each of",
        "(a.argmax(1) == jnp.array([0, 3, 1])).mean()",
        "verified",
    ),
    Case(SETUP, "a[0, 0, 0]", "too-many-indices", 1, "a has 2 axes", "a[0, 0]", "verified"),
    Case(
        SETUP,
        "jnp.dot(a, [1, 2, 3, 4])",
        "list-operand",
        1,
        "is a list",
        "jnp.dot(a, jnp.array([1, 2, 3, 4]))",
        "verified",
    ),
    Case(SETUP, "a.reshape(5, 3)", "reshape-size", 1, "15", "a.reshape(-1, 3)", "verified"),
    Case(
        SETUP,
        "jnp.concatenate([a, jnp.ones((3, 5))])",
        "unequal-parts",
        1,
        "jnp.ones((3, 5)) has 5",
        "jnp.concatenate([a, jnp.ones((3, 5))], axis=1)",
        "verified",
    ),
    Case(SETUP, "bool(a > 0)", "ambiguous-truth", 1, "a > 0", "bool((a > 0).any())"),
]
NOTHING = [
    "unknown(a) @ b",
    "a.no_such_method()",
    "jnp.no_such_function(a)",
    "jax.random.normal(jax.random.key(3), (2.5,))",
    jitted("return jnp.ones(4) @ unknown(x)", "f(a)"),
]


@pytest.fixture(autouse=True)
def on_processor() -> Iterator[None]:
    """Changes are tried in main memory alone: those of arrays on a GPU, on their shapes."""
    with jax.default_device(jax.devices("cpu")[0]):
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_said_where_nothing_is_known(text: str) -> None:
    check(Case(SETUP, text, None))


LOOPS = {
    "while x.sum() > 1: x = x / 2": "jax.lax.while_loop",
    "for _ in range(int(x[0, 1])): pass": "jax.lax.fori_loop",
    "for _ in range(int(x[0, 1]) + 1): pass": "jax.lax.fori_loop",
}


@pytest.mark.parametrize("body", LOOPS)
def test_a_loop_is_to_be_written_with_that_of_jax(body: str) -> None:
    found = explained(Case(SETUP, jitted(body, "f(a)"), None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert LOOPS[body] in found.finding.fix.text
    assert (found.finding.fix.code, found.alternatives) == (None, ())


MASKED = [
    "return len(x[x > 0])",
    "return x[x > 0].shape",
    "return jnp.sort(x[x > 0])",
    "return jnp.log(x[x > 0]).sum()",
    "return x[x[:, 0] > 0].sum()",
    "return x[x > 0].sum(0)",
    "return x.astype(int)[x > 0].max()",
    "return x[x > 0].sum() - x[x < 0].sum()",
    "return ((x[x > 0] - y[x > 0]) ** 2).mean()",
    "picked = x[x > 0]",
]


@pytest.mark.parametrize("body", MASKED)
def test_no_line_is_given_where_zeros_or_a_mask_would_change_the_result(body: str) -> None:
    found = explained(Case(SETUP, jitted(body, "f(a, a)", "x, y"), None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == "traced-mask"
    assert found.finding.fix is not None
    assert (found.finding.fix.code, found.finding.fix.status) == (None, "unverified")


def test_two_fixes_that_fit_equally_are_both_told_and_none_is_claimed() -> None:
    found = explained(Case(SETUP, "jnp.ones((3, 4)) @ jnp.ones((3, 3))", None))
    assert found is not None
    assert found.finding is not None
    fixes = [found.finding.fix, *(each.fix for each in found.alternatives)]
    assert [each.status for each in fixes if isinstance(each, Fix)] == ["unverified"] * 2


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("kept.append(float(x.sum()))", "Return x.sum() from f"),
        ("print('%.3f' % x.sum().item())", "Let JAX print it"),
        ("print(x.sum().item(), end='')", "Let JAX print it"),
    ],
)
def test_a_number_that_is_only_looked_at(body: str, advice: str) -> None:
    found = explained(Case(SETUP, jitted(f"{body}\n    return x", "f(v)"), None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert advice in found.finding.fix.text
    assert found.finding.fix.code is None


SCANNED = "def body(carry, x):\n    {}\njax.lax.scan(body, 0.0, v)"


def test_the_body_of_a_scan_gives_a_pair() -> None:
    said = "the next carry and what is kept of the step"
    text = SCANNED.format("return carry + x")
    check(Case(SETUP, text, "scan-pair", 2, said, "return carry + x, None"))
    nothing = SCANNED.format("carry = carry + x")
    check(Case(SETUP, nothing, "scan-pair", 3, "body returns nothing", runs=False))


def test_of_other_bodies_of_a_scan_no_pair_is_asked() -> None:
    check(Case(SETUP, SCANNED.format("raise TypeError('a pair')"), None))
    check(Case(SETUP, SCANNED.format("return carry + v, x"), "loop-carry", 3, "body returns"))


def test_three_things_are_no_pair_and_no_line_is_advised() -> None:
    found = explained(Case(SETUP, SCANNED.format("return carry, x, x"), None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == "scan-pair"
    assert found.finding.fix is not None
    assert found.finding.fix.code is None


CARRIED = [
    (
        "jax.lax.scan(lambda c, x: (c + x, c), jnp.zeros(3, int), a.T)",
        "it comes in as int32[3], and its function returns float32[3]",
        "jax.lax.scan(lambda c, x: (c + x, c), jnp.zeros(3, int).astype(jnp.float32), a.T)",
    ),
    (
        "jax.lax.fori_loop(0, 3, lambda k, c: jnp.append(c, k), v)",
        "The carry of fori_loop keeps its shape and dtype from step to step",
        None,
    ),
    (
        "jax.lax.while_loop(lambda c: c.sum() < 9, lambda c: c[None] * 2, v)",
        "it comes in as float32[3], and its function returns float32[1,3]",
        None,
    ),
    (
        "jax.lax.scan(lambda c, x: ((c[0] + x, c[1], x), x), (0.0, 1.0), v)",
        "it comes in as a tuple of length 2, and its function returns a tuple of length 3",
        None,
    ),
    (
        "jax.lax.scan(lambda c, x: ((c[0] + a, c[1]), x), (0.0, 1.0), v)",
        "c[0] comes in as float32[]",
        None,
    ),
]


@pytest.mark.parametrize(("text", "said", "fix"), CARRIED)
def test_the_carry_of_a_loop_stays_as_it_is(text: str, said: str, fix: str | None) -> None:
    check(Case(SETUP, text, "loop-carry", 1, said, fix))


def test_an_array_that_grows_is_to_be_made_in_full_length() -> None:
    found = explained(Case(SETUP, CARRIED[1][0], None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert "make it in its full length before" in found.finding.fix.text


BRANCHES = [
    (
        "jax.lax.cond(True, lambda x: x, lambda x: 0, v)",
        '"lambda x: x" returns float32[3], "lambda x: 0" returns int32[]',
        "jax.lax.cond(True, lambda x: x, lambda x: jnp.full((3,), 0.0), v)",
    ),
    (
        "jax.lax.cond(v[0] > 0, lambda: v[0], lambda: 0)",
        '"lambda: 0" returns int32[]',
        "jax.lax.cond(v[0] > 0, lambda: v[0], lambda: 0.0)",
    ),
    ("jax.lax.cond(True, lambda x: x, lambda x: x.sum(), v)", "must return the same shape", None),
    ("jax.lax.cond(True, lambda x: (x, x), lambda x: x, v)", "returns a tuple", None),
    (
        "jax.lax.switch(1, [lambda x: x, lambda x: x, lambda x: x.sum()], v)",
        '"lambda x: x.sum()" returns float32[]',
        None,
    ),
]


@pytest.mark.parametrize(("text", "said", "fix"), BRANCHES)
def test_branches_give_results_of_one_type(text: str, said: str, fix: str | None) -> None:
    check(Case(SETUP, text, "branch-results", 1, said, fix))


def test_a_condition_for_each_element_is_no_branch() -> None:
    text = "jax.lax.cond(v > 0, lambda x: x, lambda x: -x, v)"
    check(Case(SETUP, text, "branch-of-many", 1, "v > 0 has shape (3,)"))


KEYED = f"{SETUP}\nkey = jax.random.key(7)\nold = jax.random.PRNGKey(7)\n"
KEYS = [
    ("jax.random.normal((3,))", "(3,) is a tuple", "jax.random.normal(jax.random.key(0), (3,))"),
    ("jax.random.normal((3,), key)", "(3,) is a tuple", "jax.random.normal(key, (3,))"),
    ("jax.random.normal((3,), old)", "(3,) is a tuple", "jax.random.normal(old, (3,))"),
    ("jax.random.normal(42, (3,))", "42 is an int", "jax.random.normal(jax.random.key(42), (3,))"),
    (
        "jax.random.normal(key=42, shape=(3,))",
        "42 is an int",
        "jax.random.normal(key=jax.random.key(42), shape=(3,))",
    ),
    ("jax.random.permutation(v, key)", "v is an array", "jax.random.permutation(key, v)"),
    (
        "jax.random.bernoulli(0.5, (3,))",
        "0.5 is a float",
        "jax.random.bernoulli(jax.random.key(0), 0.5, (3,))",
    ),
    (
        "jax.random.normal(shape=(3,))",
        "normal takes a key, and gets none",
        "jax.random.normal(jax.random.key(0), shape=(3,))",
    ),
]


@pytest.mark.parametrize(("text", "said", "fix"), KEYS)
def test_a_draw_takes_a_key_first(text: str, said: str, fix: str) -> None:
    check(Case(KEYED, text, "random-key", 1, said, fix, "shape-verified"))


@pytest.mark.parametrize("key", ["key", "old"])
def test_one_draw_takes_one_key(key: str) -> None:
    text = f"keys = jax.random.split({key}, 3)\njax.random.normal(keys, (3,))"
    check(Case(KEYED, text, "random-key", 2, "normal takes one key, and keys holds 3"))


def test_a_key_that_is_none() -> None:
    check(Case(KEYED, "jax.random.normal(None, (3,))", "random-key", 1, "it is None"))


def test_a_mistake_behind_the_key_is_no_matter_of_the_key() -> None:
    check(Case(KEYED, "jax.random.normal(key, (3.5,))", None))


def test_whichever_argument_is_meant_as_a_whole_is_not_mapped() -> None:
    text = "jax.vmap(lambda w, x: w @ x)(a, b)"
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.finding is not None
    fixes = [each.fix for each in (found.finding, *found.alternatives) if each.fix]
    assert [each.text for each in fixes] == [
        "If a is meant as a whole for each element: in_axes=(None, 0).",
        "If b is meant as a whole for each element: in_axes=(0, None).",
    ]
    assert {each.status for each in fixes} == {"unverified"}
    check(
        Case(
            SETUP,
            text,
            "mapped-axes",
            1,
            "a has 3 elements there, b has 5",
            "jax.vmap(lambda w, x: w @ x, in_axes=(None, 0))(a, b)",
        )
    )


WITH_MORE = "def loss(w, x):\n    return (w * x).sum(), x\n{}"


def test_a_loss_that_comes_with_more_says_so() -> None:
    said = "loss returns more than one thing"
    once = WITH_MORE.format("jax.grad(loss)(v, v)")
    check(Case(SETUP, once, "gradient-of-more", 3, said, "jax.grad(loss, has_aux=True)(v, v)"))
    named = WITH_MORE.format("slope = jax.value_and_grad(loss)\nslope(v, v)")
    fix = "slope = jax.value_and_grad(loss, has_aux=True)"
    check(Case(SETUP, named, "gradient-of-more", 3, said, fix))


def test_what_more_there_is_must_come_behind_a_single_number() -> None:
    text = "def loss(w):\n    return (w.sum(), w), w\njax.grad(loss, has_aux=True)(v)"
    check(Case(SETUP, text, None))


def test_a_function_is_changed_before_it_is_called() -> None:
    text = "def loss(w):\n    return w.sum()\njax.grad(loss(v))"
    said = "jax.grad takes a function, and loss(v) is what loss returns"
    check(Case(SETUP, text, "result-for-function", 3, said, "jax.grad(loss)(v)"))


NAMED = [
    (
        "jax.tree_map(lambda each: each * 2, [v])",
        "old-name",
        "it is called jax.tree.map now",
        "jax.tree.map(lambda each: each * 2, [v])",
    ),
    ("jax.tree_leaves([v])", "old-name", "jax.tree.leaves", "jax.tree.leaves([v])"),
    ("jax.ops.index_update(v, 0, 1.0)", "old-name", "arrays have .at for it", None),
    ("n = v.numpy()", "no-such-method", "v is an array of JAX", "n = np.asarray(v)"),
    (
        "(v * 2).numpy()",
        "no-such-method",
        "v * 2 is an array of JAX, which has no numpy",
        "np.asarray(v * 2)",
    ),
    ("v.detach()", "no-such-method", "has no detach", "jax.lax.stop_gradient(v)"),
    ("v.unsqueeze(0)", "no-such-method", "has no unsqueeze", "jnp.expand_dims(v, 0)"),
    ("a.permute(1, 0)", "no-such-method", "has no permute", "a.transpose(1, 0)"),
    ("(a + 1).long()", "no-such-method", "has no long", "(a + 1).astype(jnp.int32)"),
    (
        "v = v.at[0].set[1]",
        "method-in-brackets",
        "set is a method",
        "v = v.at[0].set(1)",
    ),
    ("v.at[0] = 1", "immutable-array", "v cannot be changed", "v = v.at[0].set(1)"),
    ("a.at[0, 1] += 2", "immutable-array", "a cannot be changed", "a = a.at[0, 1].add(2)"),
]


@pytest.mark.parametrize(("text", "kind", "said", "fix"), NAMED)
def test_what_arrays_and_trees_are_asked_for(
    text: str, kind: str, said: str, fix: str | None
) -> None:
    check(Case(SETUP, text, kind, 1, said, fix))


def test_numbers_of_a_traced_array_are_not_to_be_had() -> None:
    found = explained(Case(SETUP, jitted("return x.numpy()", "f(v)"), None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.code is None
    assert "outside of what JAX traces" in found.finding.fix.text


@pytest.mark.parametrize(
    "text",
    [
        "v.nothing()",
        "jax.tree_nothing([v])",
        "class Named:\n    at = v\nNamed().numpy()",
        "class Named:\n    def numpy(self):\n        return self.kept\nNamed().numpy()",
    ],
)
def test_of_other_names_nothing_is_said(text: str) -> None:
    check(Case(SETUP, text, None))


LOSSES = SETUP + "def squares(w, x=1.0):\n    return ((w * x) ** 2).sum()\n"
LOSSES += "held, total = {'w': a}, lambda kept: kept['w'].sum()\n"
GRADIENTS = [
    (
        "loss, slopes = jax.grad(squares)(a)",
        "gradient-alone",
        "jax.grad returns the gradient of the first argument alone, and loss, slopes takes two",
        "loss, slopes = jax.value_and_grad(squares)(a)",
    ),
    (
        "slope = jax.jit(jax.grad(squares))\nvalue, slopes = slope(a)",
        "gradient-alone",
        "value, slopes takes two",
        "slope = jax.jit(jax.value_and_grad(squares))",
    ),
    (
        "loss, slope = jax.grad(squares)(1.0 * v[0])",
        "gradient-alone",
        "loss, slope",
        "loss, slope = jax.value_and_grad(squares)(1.0 * v[0])",
    ),
    (
        "of_w, of_x = jax.grad(squares)(a, a)",
        "gradient-alone",
        "of_w, of_x takes two",
        "of_w, of_x = jax.grad(squares, argnums=(0, 1))(a, a)",
    ),
    (
        "slopes = jax.grad(squares, a)",
        "arguments-for-maker",
        "a stands in the place of argnums",
        "slopes = jax.grad(squares)(a)",
    ),
    (
        "slopes = jax.grad(squares, 1.0)",
        "arguments-for-maker",
        "jax.grad returns a function",
        "slopes = jax.grad(squares)(1.0)",
    ),
    (
        "loss, slopes = jax.value_and_grad(total, held)",
        "arguments-for-maker",
        "jax.value_and_grad returns a function",
        "loss, slopes = jax.value_and_grad(total)(held)",
    ),
]


@pytest.mark.parametrize(("text", "kind", "said", "fix"), GRADIENTS)
def test_what_a_gradient_is_asked_for(text: str, kind: str, said: str, fix: str) -> None:
    check(Case(LOSSES, text, kind, 1, said, fix))


@pytest.mark.parametrize(
    "text",
    [
        "loss, slopes = a",
        "loss, slopes = squares(a)",
        "first, second = jax.grad(squares)(a)",
        "loss, slopes = jax.jacobian(squares)(a)",
        "jax.grad(squares, 'w')",
    ],
)
def test_of_other_pairs_no_gradient_is_blamed(text: str) -> None:
    check(Case(LOSSES, text, None))
