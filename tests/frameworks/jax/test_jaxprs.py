"""A jaxpr as a graph: calls inlined, lines and FLOPs of its equations."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.jaxprs import read_jaxpr


def test_equations_have_shape_type_flops_and_the_names_of_inputs() -> None:
    closed = jax.make_jaxpr(lambda x, w: jnp.sin(x @ w))(jnp.ones((4, 3)), jnp.ones((3, 2)))
    graph = read_jaxpr(closed, ["x", "w"])
    assert [node.name for node in graph.nodes if node.operation == "input"] == ["x", "w"]
    product = next(node for node in graph.nodes if node.operation == "dot_general")
    assert (product.inputs, product.shape, product.dtype) == (("x", "w"), (4, 2), "float32")
    assert product.flops == 2 * 4 * 3 * 2
    assert next(n for n in graph.nodes if n.operation == "sin").inputs == (product.name,)
    assert "dot_general" in graph.code


def test_called_functions_stand_in_place() -> None:
    inner = jax.jit(lambda x: x * 2)
    graph = read_jaxpr(jax.make_jaxpr(lambda x: inner(inner(x)) + 1)(jnp.ones(3)), ["x"])
    operations = [node.operation for node in graph.nodes]
    assert operations == ["input", "mul", "mul", "add", "output"]
    assert graph.nodes[2].inputs == (graph.nodes[1].name,)
    assert graph.nodes[-1].inputs == (graph.nodes[-2].name,)


def test_loops_are_one_operation() -> None:
    closed = jax.make_jaxpr(lambda x: jax.lax.fori_loop(0, 3, lambda i, s: s + i, x))(1.0)
    operations = {node.operation for node in read_jaxpr(closed).nodes}
    assert operations & {"scan", "while"}


def test_an_equation_still_knows_the_code_that_made_it() -> None:
    closed = jax.make_jaxpr(lambda x: jnp.sin(x))(1.0)
    frames = compat.users_frames(closed.jaxpr.eqns[0])
    assert any(file == __file__ for file, _, _ in frames)
