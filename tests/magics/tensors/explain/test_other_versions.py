"""The same mistakes in the words of other versions: the text routes, the operands decide."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.magics.tensors.explain import test_jax, test_keras, test_numpy, test_tensorflow
from tests.magics.tensors.explain.explained import Case, explained

NUMPY, JAX = test_numpy.SETUP, test_jax.SETUP
KERAS, TENSORFLOW = test_keras.SETUP, test_tensorflow.SETUP
SPARSE = 'model = made("sparse_categorical_crossentropy")\n'
CATEGORICAL = 'model = made("categorical_crossentropy")\n'


@dataclass(frozen=True)
class Worded:
    """A cell, and what its error says in another version.

    Attributes:
        setup: Code that runs before.
        text: The cell.
        error: The words of the other version.
        kind: What must be found.
    """

    setup: str
    text: str
    error: str
    kind: str


WORDED = [
    Worded(
        NUMPY,
        "a @ b",
        "shapes (3,4) and (5,4) not aligned: 4 (dim 1) != 5 (dim 0)",
        "matmul-shapes",
    ),
    Worded(
        NUMPY, "float(a)", "only size-1 arrays can be converted to Python scalars", "not-a-scalar"
    ),
    Worded(
        NUMPY, "float(a)", "only length-1 arrays can be converted to Python scalars", "not-a-scalar"
    ),
    Worded(
        NUMPY,
        "image /= 255",
        "Cannot cast ufunc divide output from dtype('float64') to dtype('uint8') with casting rule "
        "'same_kind'",
        "in-place-cast",
    ),
    Worded(NUMPY, "a.reshape(3, 2)", "total size of new array must be unchanged", "reshape-size"),
    Worded(
        NUMPY,
        "np.array([[1, 2], [3]])",
        "setting an array element with a sequence.",
        "ragged-rows",
    ),
    Worded(NUMPY, "a[0, 0, 0]", "too many indices for array", "too-many-indices"),
    Worded(
        JAX,
        "a @ b",
        "dot_general requires contracting dimensions to have the same shape, got [4] and [5].",
        "matmul-shapes",
    ),
    Worded(
        JAX,
        "a + v",
        "add got incompatible shapes for broadcasting: (3, 4), (1, 3).",
        "broadcast-shapes",
    ),
    Worded(
        JAX,
        "a[0] = 1",
        "'<class 'jaxlib.xla_extension.ArrayImpl'>' object does not support item assignment. JAX "
        "arrays are immutable. Instead of ``x[idx] = y``, use ``x = x.at[idx].set(y)``",
        "immutable-array",
    ),
    Worded(
        JAX,
        test_jax.jitted("if x.sum() > 2:\n        return x\n    return -x", "f(a)"),
        "Abstract tracer value encountered where concrete value is expected: Traced<ShapedArray("
        "bool[])>with<DynamicJaxprTrace(level=0/1)>\nThe problem arose with the `bool` function.",
        "traced-branch",
    ),
    Worded(
        JAX,
        test_jax.jitted("for _ in range(n):\n        x = x + 1\n    return x", "f(1.0, 3)", "x, n"),
        "The __index__() method was called on the JAX Tracer object Traced<ShapedArray(int32[])>",
        "traced-number",
    ),
    Worded(
        TENSORFLOW,
        "a @ b",
        "Matrix size-incompatible: In[0]: [3,4], In[1]: [5,4] [Op:MatMul]",
        "matmul-shapes",
    ),
    Worded(
        TENSORFLOW,
        "tf.constant(doubles) * a",
        "Input 'y' of 'Mul' Op has type float32 that does not match type float64 of argument 'x'.",
        "unequal-dtypes",
    ),
    Worded(
        TENSORFLOW,
        "a + tf.ones(3)",
        "required broadcastable shapes [Op:AddV2]",
        "broadcast-shapes",
    ),
    Worded(
        KERAS,
        "model = made()\nmodel(x.T)",
        'Input 0 of layer "dense" is incompatible with the layer: expected axis -1 of input shape '
        "to have value 4, but received input with shape (4, 8)",
        "input-length",
    ),
    Worded(
        KERAS,
        "model = made()\nmodel.predict(x[0], verbose=0)",
        'Input 0 of layer "sequential" is incompatible with the layer: expected shape=(None, 4), '
        "found shape=(None, 1)",
        "missing-axes",
    ),
    Worded(
        KERAS,
        "model = made()\nmodel(x[0])",
        "Input 0 of layer sequential is incompatible with the layer: : expected min_ndim=2, found "
        "ndim=1. Full shape received: (4,)",
        "missing-axes",
    ),
    Worded(
        KERAS,
        CATEGORICAL + "model.fit(x, ids, verbose=0)",
        "in user code:\n\n    ValueError: Shapes (None, 1) and (None, 3) are incompatible\n",
        "class-ids",
    ),
    Worded(
        KERAS,
        SPARSE + "model.fit(x, rows, verbose=0)",
        "logits and labels must have the same first dimension, got logits shape [8,3] and labels "
        "shape [24]",
        "one-hot-labels",
    ),
    Worded(
        KERAS,
        SPARSE + "model.fit(x, rows, verbose=0)",
        "Can not squeeze dim[1], expected a dimension of 1, got 3",
        "one-hot-labels",
    ),
    Worded(
        KERAS,
        "model = made()\nmodel.fit(x, ids, verbose=0)",
        "You must compile your model before training/testing. Use `model.compile`.",
        "not-compiled",
    ),
    Worded(
        KERAS,
        "model = keras.Sequential([layers.Dense(2)])\nmodel.count_params()",
        "Weights for model sequential have not yet been created.",
        "not-built",
    ),
    Worded(
        KERAS,
        'model = made("mse")\nmodel.fit(x, rows[:5], verbose=0)',
        "Input arrays should have the same number of samples as target arrays. Found 8 and 5.",
        "unequal-samples",
    ),
]


@pytest.mark.parametrize("worded", WORDED, ids=lambda worded: worded.error[:60])
def test_other_words_lead_to_the_same_rule(worded: Worded) -> None:
    found = explained(Case(worded.setup, worded.text, None), worded.error)
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == worded.kind


@pytest.mark.parametrize("worded", WORDED, ids=lambda worded: worded.error[:60])
def test_words_alone_prove_nothing(worded: Worded) -> None:
    """The same words from a line whose operands break no rule."""
    assert explained(Case(worded.setup, "{}['no such key']", None), worded.error) is None


@pytest.mark.parametrize(
    "error",
    [
        "Matrix size-incompatible: In[0]: [3,4], In[1]: [5,4] [Op:MatMul]",
        "operands could not be broadcast together with shapes (3,4) (3,)",
    ],
)
@pytest.mark.parametrize("line", ["own(x, rows[:5])", "model.fit(x, rows[:5], verbose=0)"])
def test_arguments_of_the_users_functions_are_not_taken_for_operands(line: str, error: str) -> None:
    setup = KERAS + 'def own(a, b):\n    raise ValueError\nmodel = made("mse")\n'
    assert explained(Case(setup, line, None), error) is None


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8589934592 bytes.",
        "OOM when allocating tensor with shape[64,512,512,64] and type float on /device:GPU:0",
        "Unable to allocate 7.45 GiB for an array with shape (1000000000,) and data type float64",
    ],
)
def test_memory_that_is_not_there_names_what_holds_it(text: str) -> None:
    found = explained(Case(NUMPY + "large = np.ones(500_000)", "a @ b", None), text)
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == "out-of-memory"
    assert found.finding.operands[0] == "large"
