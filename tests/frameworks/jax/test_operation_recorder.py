"""What JAX computes is told, in names that rules know, and nothing stays behind."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dlmagic.frameworks.jax.operation_recorder import OperationRecorder
from dlmagic.frameworks.operations import Event, Operation

# Numbers are looked at in main memory alone: asking a GPU would wait for it.
pytestmark = pytest.mark.usefixtures("on_processor")

CPU = jax.devices("cpu")[0]
X = jax.device_put(np.arange(12.0, dtype=np.float32).reshape(3, 4), CPU)


def told_of(function: Any) -> list[Operation]:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append):
        function()
    return [each for each in events if isinstance(each, Operation)]


def names_of(function: Any) -> list[str]:
    return [each.name for each in told_of(function)]


def plain() -> bool:
    core = jax._src.core
    return core.trace_ctx.trace is core.eval_trace and "dlmagic" not in jax.vjp.__code__.co_filename


def test_operations_have_the_names_of_other_frameworks() -> None:
    def compute() -> None:
        y = (X.astype(jnp.int32) / 2 - 1) ** 2
        jnp.where(y == jnp.log(y), y, 0).mean() + y.sum()

    found = names_of(compute)
    for name in ("to", "div", "sub", "pow", "eq", "log", "where", "mean", "sum", "add"):
        assert name in found, found


def test_each_knows_its_line_its_operands_and_where_they_come_from() -> None:
    def compute() -> None:
        jnp.exp(X - np.ones(4))

    first, second = told_of(compute)
    assert [each.shape for each in first.inputs] == [(3, 4), (4,)]
    assert second.inputs[0] is first.output
    assert second.inputs[0].maker is not None
    assert second.inputs[0].maker.name == "sub"
    assert second.frame is not None
    assert second.frame.line == compute.__code__.co_firstlineno + 1


def test_what_is_differentiated_is_heard_and_its_gradient_is_one_operation() -> None:
    def loss(w: Any) -> Any:
        return jnp.log(w).sum()

    events = told_of(lambda: jax.value_and_grad(loss)(jnp.zeros(3)))
    named = [each.name for each in events]
    assert named.index("log") < named.index("sum") < named.index("backward")
    backward = events[named.index("backward")]
    assert backward.inputs[0].maker is not None
    assert backward.inputs[0].maker.is_finite is False


@pytest.mark.parametrize(
    ("read", "within"),
    [
        (lambda x: x[2], None),  # JAX sees that this one is there
        (lambda x: x[3], False),
        (lambda x: x[-3], None),
        (lambda x: x[-4], False),
        (lambda x: x[jnp.array([0, 2])], True),
        (lambda x: x[jnp.array([0, 3])], False),
        (lambda x: x[np.arange(3), np.array([1, 2, 4])], False),
        (lambda x: x[1:, jnp.array([3])], True),
        (lambda x: x.at[jnp.array([9])].get(mode="clip"), None),
        (lambda x: x.at[jnp.array([9])].get(mode="fill"), None),
        (lambda x: x + 1, None),
    ],
)
def test_reads_know_whether_they_lie_in_the_array(read: Any, within: bool | None) -> None:
    found = [each.is_within for each in told_of(lambda: read(X)) if each.is_within is not None]
    assert found == ([] if within is None else [within])


def test_a_mapped_difference_is_told_from_one_of_all_with_all() -> None:
    def differ(one: Any, other: Any) -> Any:
        return one - other

    column, row = jnp.ones((3, 1)), jnp.ones(3)
    assert names_of(lambda: differ(column, row)) == ["sub"]
    assert names_of(lambda: jax.vmap(differ)(column, row)) == ["vmap(sub)"]


def test_a_compiled_function_is_one_operation_and_is_not_traced_again() -> None:
    traced = []

    @jax.jit
    def double(x: Any) -> Any:
        traced.append(x)
        return x * 2

    double(X)
    assert names_of(lambda: double(X)) == ["jit(double)"]
    double(X)
    assert len(traced) == 1


def test_it_listens_to_four_gradients_and_leaves_nothing() -> None:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append) as recorder:
        w = jnp.ones(3)
        for _ in range(6):
            w = w - 0.1 * jax.grad(lambda w: (w**2).sum())(w)
    assert (recorder.steps, recorder.complete) == (4, False)
    assert [each.name for each in events if isinstance(each, Operation)].count("backward") == 4
    assert plain()
    again = jnp.ones(3)
    for _ in range(6):
        again = again - 0.1 * jax.grad(lambda w: (w**2).sum())(again)
    assert w.tolist() == again.tolist()


def test_an_error_leaves_nothing() -> None:
    with pytest.raises(TypeError), OperationRecorder(__file__, lambda _event: None):
        jax.grad(lambda w: w)(X)
    assert plain()


def test_no_array_is_kept_alive() -> None:
    with OperationRecorder(__file__, lambda _event: None):
        result = jnp.exp(X)
        gone = weakref.ref(result)
        del result
        gc.collect()
        assert gone() is None


def test_what_looks_at_numbers_looks_at_few() -> None:
    small, large, whole = told_of(lambda: [jnp.log(X), jnp.exp(LARGE), X.astype(jnp.int32)])
    assert (small.is_finite, large.is_finite, whole.is_finite) == (False, None, None)


LARGE = jax.device_put(np.zeros((400, 400), np.float32), CPU)
