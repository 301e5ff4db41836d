"""Mistakes with tensors of TensorFlow, also in functions that it traces."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check

SETUP = """
import numpy as np
import tensorflow as tf
a, b = tf.ones((3, 4)), tf.ones((5, 4))
doubles = np.ones((3, 4))
objects = np.array([1, 2.5], dtype=object)
"""


def traced(body: str, call: str) -> str:
    """A cell with a function that TensorFlow traces, and its call."""
    return f"@tf.function\ndef f(p, q):\n    {body}\n{call}"


CASES = [
    Case(
        SETUP,
        "v = tf.Variable(2.0)\n"
        "with tf.GradientTape() as tape:\n    loss = v * v\n"
        "first = tape.gradient(loss, v)\nsecond = tape.gradient(loss, v)",
        "tape-asked-again",
        2,
        "tape gives gradients once",
        "with tf.GradientTape(persistent=True) as tape:",
    ),
    Case(SETUP, "a @ b", "matmul-shapes", 1, "b has 5 rows", "a @ tf.transpose(b)", "verified"),
    Case(
        SETUP,
        "tf.matmul(a, b)",
        "matmul-shapes",
        1,
        "a has 4 columns",
        "tf.matmul(a, tf.transpose(b))",
        "verified",
    ),
    *(
        Case(
            SETUP,
            text,
            "matmul-shapes",
            line,
            "tf.random.normal((5, 4)) has 5 rows",
            fix,
            status,
        )
        for text, line, fix, status in [
            (
                traced("return tf.matmul(p, tf.random.normal((5, 4)))", "f(a, b)"),
                3,
                "return tf.matmul(p, tf.transpose(tf.random.normal((5, 4))))",
                "shape-verified",
            ),
            (
                "z = a @ tf.random.normal((5, 4))",
                1,
                "z = a @ tf.transpose(tf.random.normal((5, 4)))",
                "shape-verified",
            ),
        ]
    ),
    Case(
        SETUP,
        "tf.matmul(a, b, transpose_a=True)",
        "matmul-shapes",
        1,
        "a has 3 columns, b has 5 rows",
        "tf.matmul(a, b, transpose_b=True)",
        "verified",
    ),
    Case(
        SETUP,
        traced("z = p * 2\n    return z @ q", "f(a, b)"),
        "matmul-shapes",
        4,
        "z has 4 columns",
        "return z @ tf.transpose(q)",
        "shape-verified",
    ),
    Case(
        SETUP,
        traced("return (p * 2) @ q", "f(a, b)"),
        "matmul-shapes",
        3,
        "p * 2 has 4 columns",
        "return (p * 2) @ tf.transpose(q)",
        "shape-verified",
    ),
    Case(
        SETUP,
        traced(
            "for k in tf.range(3):\n        p = p + tf.reduce_sum(p) - q\n    return p", "f(a, b)"
        ),
        "broadcast-shapes",
        4,
        "p + tf.reduce_sum(p) has 3",
    ),
    Case(
        SETUP,
        "def g(p, q):\n    return p @ q\n" + traced("return g(p, q) + 1", "f(a, b)"),
        "matmul-shapes",
        2,
        "q has 5 rows",
        "return p @ tf.transpose(q)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "a + tf.ones(3)",
        "broadcast-shapes",
        1,
        "tf.ones(3) 3",
        "a + tf.ones(3)[..., None]",
        "verified",
    ),
    Case(
        SETUP,
        "tf.constant(doubles) * a",
        "unequal-dtypes",
        1,
        "tf.constant(doubles) is float64, a is float32",
        "tf.cast(tf.constant(doubles), tf.float32) * a",
        "verified",
    ),
    Case(
        SETUP,
        "c = tf.constant([1, 2])\nc * 0.5",
        "unequal-dtypes",
        2,
        "c is int32, 0.5 is a Python float",
        "tf.cast(c, tf.float32) * 0.5",
        "verified",
    ),
    Case(
        SETUP,
        "a + tf.ones((3, 4), tf.int32)",
        "unequal-dtypes",
        1,
        "int32",
        "a + tf.cast(tf.ones((3, 4), tf.int32), tf.float32)",
        "verified",
    ),
    Case(
        SETUP,
        traced("return p * q", "f(a, tf.constant(doubles))"),
        "unequal-dtypes",
        3,
        "q is float64, p is float32",
        "return p * tf.cast(q, tf.float32)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "tf.reshape(a, (5, 3))",
        "reshape-size",
        1,
        "a (3, 4) has 12 elements",
        "tf.reshape(a, (-1, 3))",
        "verified",
    ),
    Case(
        SETUP,
        "tf.concat([a, tf.ones((3, 5))], 0)",
        "unequal-parts",
        1,
        "axis 1 of a",
        "tf.concat([a, tf.ones((3, 5))], axis=1)",
        "verified",
    ),
    Case(
        SETUP,
        "tf.stack([a, b])",
        "unequal-parts",
        1,
        "a is (3, 4), b is (5, 4)",
        "tf.concat([a, b], axis=0)",
        "verified",
    ),
    Case(SETUP, "a[3]", "index-out-of-range", 1, "3 elements", "a[-1]", "verified"),
    Case(
        SETUP,
        "mask = tf.ones(4) > 0\na[mask]",
        "mask-shape",
        2,
        "mask is (4,)",
        "tf.boolean_mask(a, mask, axis=1)",
    ),
    Case(
        SETUP,
        "a == tf.constant([0, 3, 1])",
        "compared-classes",
        1,
        "a score for each of 4 classes",
    ),
    Case(SETUP, "a[0, 0, 0]", "too-many-indices", 1, "a has 2 axes", "a[0, 0]", "verified"),
    Case(SETUP, "tf.gather(a, 7)", "index-out-of-range", 1, "3 rows"),
    Case(SETUP, "a[0] = 1", "immutable-array", 1, "a cannot be changed"),
    Case(
        SETUP,
        "if a > 0:\n    pass",
        "ambiguous-truth",
        1,
        "a > 0",
        "if tf.reduce_any(a > 0):",
        "unverified",
    ),
    Case(
        SETUP,
        "tf.constant([[1, 2], [3]])",
        "ragged-rows",
        1,
        "1 element",
        "tf.ragged.constant([[1, 2], [3]])",
    ),
    Case(
        SETUP,
        "d = tf.data.Dataset.from_tensor_slices([[1, 2], [3]])",
        "ragged-rows",
        1,
        "1 element",
        "d = tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1, 2], [3]]))",
        "unverified",
    ),
    Case(
        SETUP,
        "tf.constant(objects)",
        "object-array",
        1,
        "objects holds Python objects",
        'tf.constant(objects.astype("float32"))',
        "verified",
    ),
    Case(SETUP, "a(1)", "not-callable", 1, "a is not a function", "a[1]"),
    Case(
        SETUP,
        "with tf.GradientTape() as tape:\n    loss = a * 2\ng = tape.gradient(loss, a)\ng + a",
        "none-operand",
        4,
        "g is None",
    ),
    Case(
        SETUP,
        "v = tf.Variable(a)\nv.assign(tf.ones((4, 3)))",
        "assigned-shape",
        2,
        "v has (3, 4), tf.ones((4, 3)) (4, 3)",
        "v.assign(tf.transpose(tf.ones((4, 3))))",
        "shape-verified",
    ),
    Case(
        SETUP,
        "a.mean()",
        "no-such-method",
        1,
        "which has no mean",
        "tf.reduce_mean(a)",
        "verified",
    ),
    Case(
        SETUP,
        "z = a.reshape(4, 3)",
        "no-such-method",
        1,
        "no reshape",
        "z = tf.reshape(a, (4, 3))",
        "verified",
    ),
    Case(
        SETUP,
        "z = a.T @ a",
        "no-such-method",
        1,
        "no T",
        "z = tf.transpose(a) @ a",
        "verified",
    ),
    Case(
        SETUP,
        traced("return p.sum() + q", "f(a, a)"),
        "no-such-method",
        3,
        "p is a tensor of TensorFlow",
        "return tf.reduce_sum(p) + q",
        "shape-verified",
    ),
    Case(
        SETUP,
        "s = tf.sparse.from_dense(a)\nz = s.numpy()",
        "no-such-method",
        2,
        "s is a tensor of TensorFlow, which has no numpy.",
        "z = tf.sparse.to_dense(s).numpy()",
    ),
    Case(
        SETUP,
        "s = tf.sparse.from_dense(a)\nz = s.mean()",
        "no-such-method",
        2,
        "s is",
        "z = tf.reduce_mean(tf.sparse.to_dense(s))",
    ),
    Case(SETUP, traced("return p.numpy()", "f(a, a)"), "no-such-method", 3, "while it is traced"),
    Case(
        SETUP,
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 2, 4], logits=a)",
        None,
    ),
]
OPEN = (
    SETUP
    + """import keras
def traced(function):
    return tf.function(function, input_signature=[tf.TensorSpec((None, 4))])
"""
)
LAYER = "class Mine(keras.layers.Layer):\n    def call(self, p):\n{}\nMine()(keras.Input((4,)))"
CASES += [
    Case(
        OPEN,
        "@traced\ndef f(p):\n    n = p.shape[0]\n    return tf.reshape(p, (n * 2, 2))\nf(a)",
        "open-axis",
        3,
        "p.shape[0] has no number yet: p is (None, 4)",
        "n = tf.shape(p)[0]",
    ),
    Case(
        OPEN,
        "@traced\ndef f(p):\n    return tf.zeros((p.shape[0], 2))\nf(a)",
        "open-axis",
        3,
        "p.shape[0] has no number yet",
        "return tf.zeros((tf.shape(p)[0], 2))",
    ),
    Case(
        OPEN,
        "@traced\ndef f(p):\n    return tf.range(p.shape[-2])\nf(a)",
        "open-axis",
        3,
        "p.shape[-2] has no number yet",
        "return tf.range(tf.shape(p)[-2])",
    ),
    Case(
        OPEN,
        LAYER.format("        b = p.shape[0]\n        return tf.reshape(p, (b, 2, 2))"),
        "open-axis",
        3,
        "p.shape[0] has no number yet",
        "b = tf.shape(p)[0]",
    ),
    Case(
        OPEN,
        LAYER.format("        return p + tf.random.normal(shape=p.shape)"),
        "open-axis",
        3,
        "p.shape has no number yet",
        "return p + tf.random.normal(shape=tf.shape(p))",
    ),
    Case(
        SETUP,
        traced("w = tf.Variable(p)\n    return w * q", "f(a, a)"),
        "variable-made-again",
        3,
        "tf.Variable(p) makes a variable each time the function is traced",
    ),
    Case(
        OPEN,
        traced("d = keras.layers.Dense(2)\n    return d(p) + q", "f(a, 1.0)"),
        "variable-made-again",
        4,
        "keras.layers.Dense(2) makes a layer with variables of its own each time",
    ),
]
NOTHING = [
    "a.no_such_method()",
    "tf.no_such_function(a)",
    "tf.io.read_file('/no/such/file')",
    traced("return p.no_such_method()", "f(a, b)"),
    "tf.linalg.inv(a)",
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_said_where_nothing_is_known(text: str) -> None:
    check(Case(SETUP, text, None))


def test_pixels_are_converted_before_they_are_divided() -> None:
    text = "pixels = tf.ones((2, 4), tf.uint8)\npixels / 255.0"
    fix = "tf.cast(pixels, tf.float32) / 255.0"
    check(Case(SETUP, text, "unequal-dtypes", 2, "pixels is uint8", fix, "verified"))


def test_parts_of_another_type_are_converted() -> None:
    text = "whole = tf.ones((3, 4), tf.int32)\ntf.concat([a, whole], 0)"
    fix = "tf.concat([a, tf.cast(whole, tf.float32)], 0)"
    check(Case(SETUP, text, "unequal-dtypes", 2, "whole is int32", fix, "verified"))


def test_an_optimizer_is_made_once() -> None:
    setup = f"{SETUP}\nimport keras\nw = tf.Variable(1.0)"
    text = (
        "@tf.function\ndef step():\n    rule = keras.optimizers.SGD()\n"
        "    rule.apply_gradients([(w, w)])\nstep()"
    )
    said = "keras.optimizers.SGD() makes an optimizer with variables of its own"
    check(Case(setup, text, "variable-made-again", 3, said))


@pytest.mark.parametrize(
    ("statement", "fix"),
    [("v[0] = 3.0", "v[0].assign(3.0)"), ("v[0] -= 3.0", "v[0].assign(v[0] - 3.0)")],
)
def test_a_part_of_a_variable_is_assigned(statement: str, fix: str) -> None:
    text = f"v = tf.Variable([1.0, 2.0])\n{statement}"
    check(Case(SETUP, text, "immutable-array", 2, "v is a variable of TensorFlow", fix))


TAPED = """w = tf.constant({})
with tf.GradientTape() as tape:{}
    loss = w * w
slope = tape.gradient(loss, w)
{}"""


@pytest.mark.parametrize("use", ["w - 0.1 * slope", "w -= 0.1 * slope", "slope.numpy()"])
def test_a_tensor_is_not_watched_by_itself(use: str) -> None:
    said = "slope is None: w is no variable but a tensor"
    check(Case(SETUP, TAPED.format("2.0", "", use), "unwatched", 5, said))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("start", "watching"), [("2", ""), ("2.0", "\n    tape.watch(w + 0)")])
def test_a_gradient_that_is_none_for_another_reason(start: str, watching: str) -> None:
    check(Case(SETUP, TAPED.format(start, watching, "slope * 0.1"), None))


OLD = [
    ("tf.log(a)", "old-name", "tf.log is of TensorFlow 1", "tf.math.log(a)"),
    ("tf.random_normal([2])", "old-name", "of TensorFlow 1", "tf.random.normal([2])"),
    (
        "rule = tf.train.AdamOptimizer(0.1)",
        "old-name",
        "tf.train.AdamOptimizer is of",
        "rule = tf.keras.optimizers.Adam(0.1)",
    ),
    ("tf.Session()", "old-name", "which computes each line at once", None),
    ("tf.placeholder(tf.float32)", "old-name", "tf.placeholder is of TensorFlow 1", None),
    ("c = tf.concat(1, [a, a])", "axis-first", "and 1 comes first", "c = tf.concat([a, a], 1)"),
    ("tf.sqrt(4)", "dtype-not-taken", "4 is int32", "tf.sqrt(tf.cast(4, tf.float32))"),
    (
        "tf.one_hot(tf.constant([0.0, 1.0]), 3)",
        "dtype-not-taken",
        "one_hot takes whole numbers",
        "tf.one_hot(tf.cast(tf.constant([0.0, 1.0]), tf.int32), 3)",
    ),
    (
        "tf.nn.softmax(tf.constant([1, 2]), 0)",
        "dtype-not-taken",
        "tf.constant([1, 2]) is int32",
        "tf.nn.softmax(tf.cast(tf.constant([1, 2]), tf.float32), 0)",
    ),
    ("(a - 0.1).assign_sub(a)", "no-variable", "a tf.Variable alone has assign_sub", None),
]


@pytest.mark.parametrize(("text", "kind", "said", "fix"), OLD)
def test_what_tensorflow_had_or_takes_otherwise(
    text: str, kind: str, said: str, fix: str | None
) -> None:
    check(Case(SETUP, text, kind, 1, said, fix))


@pytest.mark.parametrize(
    "text",
    [
        "tf.nothing",
        "tf.train.nothing",
        "tf.nn.relu('a')",
        "tf.concat([a, a], [1, 1])",
        "def unknown():\n    return tf.constant([1, 2])\ntf.nn.softmax(unknown(), 0)",
        "class Own:\n    log = 1\nOwn().assign(1)",
    ],
)
def test_of_other_calls_of_tensorflow_nothing_is_said(text: str) -> None:
    check(Case(SETUP, text, None))
