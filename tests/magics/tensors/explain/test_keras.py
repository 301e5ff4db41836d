"""Mistakes with layers, models and losses of Keras, on TensorFlow."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check, explained

SETUP = """
import numpy as np
import tensorflow as tf
import keras
from keras import layers
x, ids = np.random.rand(8, 4).astype("float32"), np.arange(8) % 3
rows = keras.utils.to_categorical(ids, 3)
logits = tf.ones((8, 3))
def made(loss=None, outputs=3, activation="softmax"):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(outputs, activation=activation)])
    if loss:
        model.compile("sgd", loss)
    return model
"""
IMAGES = (
    SETUP
    + """
conv = layers.Conv2D(4, 3)
conv.build((None, 8, 8, 3))
image, first = np.ones((8, 8, 3), "float32"), np.ones((1, 3, 8, 8), "float32")
"""
)
LAYER = """class Mine(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(5, 4))
    def call(self, x):
        return x @ self.w
"""
CASES = [
    Case(
        SETUP,
        "model, rule = made(), keras.optimizers.SGD()\n"
        "with tf.GradientTape() as tape:\n    guess = model(x)\n"
        "loss = tf.reduce_mean((guess - rows) ** 2)\n"
        "slopes = tape.gradient(loss, model.trainable_weights)\n"
        "rule.apply_gradients(zip(slopes, model.trainable_weights))",
        "loss-outside-tape",
        6,
        "loss is computed outside of the block of tape (line 4)",
        runs=False,
    ),
    Case(
        IMAGES,
        "conv(image)",
        "missing-axes",
        1,
        "image has 3: (8, 8, 3)",
        "conv(image[None])",
        "shape-verified",
    ),
    Case(
        IMAGES,
        "layers.Conv2D(4, 3)(image)",
        "missing-axes",
        1,
        "4 axes",
        "layers.Conv2D(4, 3)(image[None])",
        "shape-verified",
    ),
    Case(
        IMAGES,
        "conv(first)",
        "input-length",
        1,
        "3 elements on axis -1",
        "conv(np.moveaxis(first, 1, -1))",
        "shape-verified",
    ),
    Case(
        IMAGES,
        'layers.Conv2D(4, 3, data_format="channels_first")(first)',
        "channels-first",
        1,
        "first (1, 3, 8, 8)",
        'layers.Conv2D(4, 3, data_format="channels_last")(np.moveaxis(first, 1, -1))',
        "unverified",
    ),
    Case(
        SETUP,
        "model = made()\nmodel(x[0])",
        "missing-axes",
        2,
        "x[0] has 1: (4,)",
        "model(x[0][None])",
        "shape-verified",
    ),
    Case(
        SETUP,
        "model = made()\nmodel.predict(x[0], verbose=0)",
        "missing-axes",
        2,
        "model takes arrays with 2 axes",
        "model.predict(x[0][None], verbose=0)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "layers.LSTM(3)(x)",
        "missing-axes",
        1,
        "x has 2",
        "layers.LSTM(3)(x[None])",
        "unverified",
    ),
    Case(
        SETUP,
        "model = keras.Sequential([layers.LSTM(3), layers.LSTM(2, name='upper')])\n"
        "model(np.ones((8, 5, 4)))",
        "missing-axes",
        2,
        "the input of upper has 2: (8, 3)",
        runs=False,
    ),
    Case(
        SETUP,
        "model = keras.Sequential([layers.Flatten(), layers.Conv2D(4, 3, name='late')])\n"
        "model(np.ones((8, 5, 5, 1)))",
        "missing-axes",
        2,
        "The layer late takes arrays with 4 axes",
        runs=False,
    ),
    Case(
        SETUP,
        "model = made()\nmodel.predict(x.T, verbose=0)",
        "input-length",
        2,
        "x.T has 8",
        "model.predict(np.moveaxis(x.T, 0, 1), verbose=0)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "model = keras.Sequential([keras.Input((5,)), layers.Dense(2)])\nmodel(x)",
        "input-length",
        1,
        "model was made for inputs with 5 elements on axis 1",
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])",
        "unverified",
    ),
    Case(
        SETUP,
        'model = made("mse")\nmodel.fit(x[:, :3], rows, verbose=0)',
        "input-length",
        2,
        "x[:, :3] has 3",
    ),
    Case(
        SETUP,
        'model = made("categorical_crossentropy")\nmodel.fit(x, ids, verbose=0)',
        "class-ids",
        2,
        "ids (8,) has one class id",
        "model.fit(x, keras.utils.to_categorical(ids, 3), verbose=0)",
        "unverified",
    ),
    Case(
        SETUP,
        'model = made("sparse_categorical_crossentropy")\nmodel.fit(x, rows, verbose=0)',
        "one-hot-labels",
        2,
        "rows (8, 3) has a row of 3",
        "model.fit(x, np.argmax(rows, axis=-1), verbose=0)",
        "unverified",
    ),
    Case(
        SETUP,
        "keras.losses.CategoricalCrossentropy()(ids, logits)",
        "class-ids",
        1,
        "ids",
        "keras.losses.CategoricalCrossentropy()(keras.utils.to_categorical(ids, 3), logits)",
    ),
    Case(
        SETUP,
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=rows, logits=logits)",
        "one-hot-labels",
        1,
        "rows",
        "tf.nn.sparse_softmax_cross_entropy_with_logits("
        "labels=np.argmax(rows, axis=-1), logits=logits)",
    ),
    Case(
        SETUP,
        'model = made("sparse_categorical_crossentropy")\nmodel.fit(x, ids + 1, verbose=0)',
        "label-range",
        2,
        "3 classes, 0 to 2, and ids + 1 has labels from 1 to 3",
        "model.fit(x, (ids + 1) - 1, verbose=0)",
        "verified",
    ),
    Case(
        SETUP,
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids + 1, logits=logits)",
        "label-range",
        1,
        "labels from 1 to 3",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=(ids + 1) - 1, logits=logits)",
        "verified",
    ),
    Case(
        SETUP,
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])\n"
        'model.compile("sgd", "sparse_categorical_crossentropy")\n'
        "model.fit(x, ids * 2, verbose=0)",
        "label-range",
        1,
        "labels from 0 to 4",
        "model = keras.Sequential([keras.Input((4,)), layers.Dense(5)])",
        "unverified",
    ),
    Case(
        SETUP,
        'model = keras.Sequential([keras.Input((4,)), layers.Dense(1, "sigmoid")])\n'
        'model.compile("sgd", "binary_crossentropy")\n'
        "model.fit(x, rows, verbose=0)",
        "loss-shapes",
        1,
        "axis 1 of rows has 3 elements",
        'model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "sigmoid")])',
    ),
    Case(
        SETUP,
        "keras.losses.MeanSquaredError()(rows, np.ones((8, 2)))",
        "loss-shapes",
        1,
        "axis 1 of rows has 3 elements, that of np.ones((8, 2)) 2",
    ),
    Case(
        SETUP,
        "keras.losses.SparseCategoricalCrossentropy()(ids, logits[:5])",
        "loss-shapes",
        1,
        "axis 0 of ids has 8 elements, that of logits[:5] 5",
    ),
    Case(
        SETUP,
        'model = made("mse")\nmodel.fit(x, rows[:5], verbose=0)',
        "unequal-samples",
        2,
        "x has 8, rows[:5] 5",
    ),
    Case(
        SETUP,
        "model = made()\nmodel.fit(x, ids, verbose=0)",
        "not-compiled",
        2,
        "model has no loss",
        'model.compile("adam", "sparse_categorical_crossentropy"); model.fit(x, ids, verbose=0)',
        "unverified",
    ),
    Case(
        SETUP,
        "model = made()\nmodel.fit(x, rows, verbose=0)",
        "not-compiled",
        2,
        "model has no loss",
        'model.compile("adam", "categorical_crossentropy"); model.fit(x, rows, verbose=0)',
    ),
    Case(
        SETUP,
        "model = keras.Sequential([layers.Dense(2)])\nmodel.count_params()",
        "not-built",
        2,
        "model has no weights yet",
    ),
    Case(
        SETUP,
        "tf.sin(keras.Input((3,)))",
        None,
    ),
    Case(
        SETUP,
        "x = keras.Input((3,))\ntf.sin(x)",
        "symbolic-input",
        2,
        "x is a placeholder",
        "keras.ops.sin(x)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "layers.Embedding(5, 2)(np.array([1, 7]))",
        "index-out-of-range",
        1,
        "rows from 1 to 7",
        "layers.Embedding(8, 2)(np.array([1, 7]))",
        "unverified",
    ),
    Case(
        SETUP,
        'model = made("mse")\nmodel.fit(x.tolist(), rows.tolist(), verbose=0)',
        "list-operand",
        2,
        "x.tolist() is a list",
        "model.fit(np.array(x.tolist()), np.array(rows.tolist()), verbose=0)",
    ),
    Case(
        SETUP,
        'model = made("mse")\nmodel.fit(x.astype(object), rows, verbose=0)',
        "object-array",
        2,
        "x.astype(object)",
        'model.fit(x.astype(object).astype("float32"), rows, verbose=0)',
        "unverified",
    ),
    Case(SETUP, "layers.Dense(2)(None)", "none-operand", 1, "None is given"),
    Case(
        SETUP,
        "layers.Concatenate(axis=0)([logits, tf.ones((8, 5))])",
        "unequal-parts",
        1,
        "axis 1 of logits",
        "layers.Concatenate(axis=1)([logits, tf.ones((8, 5))])",
    ),
    Case(
        SETUP,
        LAYER + "keras.Sequential([keras.Input((4,)), Mine()])",
        "matmul-shapes",
        5,
        "x has 4 columns, self.w has 5 rows",
        "return x @ tf.transpose(self.w)",
        "shape-verified",
    ),
    Case(
        SETUP,
        LAYER + 'model = keras.Sequential([Mine()])\nmodel.compile("sgd", "mse")\n'
        "model.fit(x, np.ones((8, 5)), verbose=0)",
        "matmul-shapes",
        5,
        "self.w has 5 rows",
        "return x @ tf.transpose(self.w)",
        "shape-verified",
    ),
    Case(
        SETUP,
        "keras.ops.matmul(logits, tf.ones((5, 3)))",
        "matmul-shapes",
        1,
        "logits has 3 columns",
        "keras.ops.matmul(logits, tf.transpose(tf.ones((5, 3))))",
        "verified",
    ),
]
UNWRAPPED = [
    Case(
        SETUP,
        "model = made()\nmodel.set_weights([x])",
        "weights-mismatch",
        2,
        "model has 2 weights, and [x] has 1",
    ),
    Case(
        SETUP,
        "model = made()\nw = model.get_weights()\nw[0] = w[0].T\nmodel.set_weights(w)",
        "weights-mismatch",
        4,
        "Weight 0 of model has the shape (4, 3), and w[0] (3, 4)",
    ),
    Case(
        SETUP,
        "model = keras.Sequential([keras.Input((28, 28)), layers.Conv2D(4, 3)])",
        "missing-axes",
        1,
        "conv2d",
        "model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(4, 3)])",
        "unverified",
    ),
    *(
        Case(SETUP, text, "missing-axes", line, "has 2: (None, 8)", runs=False)
        for text, line in [
            ("keras.Sequential([keras.Input((5, 4)), layers.LSTM(8), layers.LSTM(2)])", 1),
            ("h = layers.LSTM(8)(keras.Input((5, 4)))\nlayers.GRU(2)(h)", 2),
        ]
    ),
    Case(
        SETUP,
        "w = keras.Input((28, 28))\nlayers.Conv2D(4, 3)(w)",
        "missing-axes",
        2,
        "w has 3: (None, 28, 28)",
        "layers.Conv2D(4, 3)(w[..., None])",
        "shape-verified",
    ),
    Case(
        SETUP,
        "def batches():\n    yield x @ np.ones((5, 4)), rows\n"
        'model = made("mse")\nmodel.fit(batches(), shuffle=False, verbose=0)',
        "matmul-shapes",
        2,
        "x has 4 columns",
        "yield x @ np.ones((5, 4)).T, rows",
        "verified",
        runs=False,  # five columns are one too many for the model
    ),
    Case(
        SETUP,
        "def step(r):\n    return r @ tf.ones((5, 4))\n"
        "tf.data.Dataset.from_tensor_slices(x).batch(2).map(step)",
        "matmul-shapes",
        2,
        "r has 4 columns",
        "return r @ tf.transpose(tf.ones((5, 4)))",
        "shape-verified",
    ),
    Case(
        SETUP,
        "model = keras.Sequential([keras.Input((28, 28)), layers.Dense(3)])\n"
        'model.compile("sgd", "sparse_categorical_crossentropy")\n'
        "model.fit(np.ones((8, 28, 28)), ids, verbose=0)",
        "loss-shapes",
        3,
        "a Flatten layer may be missing",
    ),
    Case(
        SETUP,
        "def inner(v):\n    return v @ np.ones((5, 4))\n"
        "try:\n    inner(x)\nexcept ValueError as error:\n    raise RuntimeError from error",
        "matmul-shapes",
        2,
        "v has 4 columns",
        "return v @ np.ones((5, 4)).T",
    ),
]
NOTHING = [
    "made().no_such_method()",
    "keras.layers.Dense(-1)",
    "keras.losses.get('no such loss')",
    "made().load_weights('/no/such/file.weights.h5')",
    "made().get_layer('no such layer')",
]


@pytest.mark.parametrize("case", [*CASES, *UNWRAPPED], ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_said_where_nothing_is_known(text: str) -> None:
    check(Case(SETUP, text, None))


def test_both_ways_to_make_labels_fit_a_loss_are_told() -> None:
    text = 'model = made()\nmodel.compile("sgd", "categorical_crossentropy")\nmodel.fit(x, ids)'
    found = explained(Case(SETUP, text, None))
    assert found is not None
    [other] = found.alternatives
    assert other.fix is not None
    assert (other.line, other.fix.code) == (
        2,
        'model.compile("sgd", "sparse_categorical_crossentropy")',
    )


def test_a_note_says_where_the_value_came_from() -> None:
    found = explained(Case(SETUP, "wide = np.ones((2, 5))\nwide @ np.ones((4, 3))", None))
    assert found is not None
    assert found.notes == ("wide comes from Cell In[1], line 1: wide = np.ones((2, 5))",)


@pytest.mark.parametrize(
    "call", ["fit(z, np.ones((4, 3)))", "fit(x.T[:, :5], z[:, :3])", "predict(z)"]
)
def test_the_axis_of_the_samples_is_not_moved(call: str) -> None:
    """Also where there are as many samples as the model takes features."""
    text = f'z = np.ones((4, 5))\nmodel = made("categorical_crossentropy")\nmodel.{call}'
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.finding is not None
    fixes = [found.finding.fix, *(each.fix for each in found.alternatives)]
    assert "move" not in "".join(each.text + str(each.code) for each in fixes if each).lower()


@pytest.mark.parametrize(
    "block",
    [
        "    loss = tf.reduce_sum(tf.ones(3) * 2)",
        "    loss = tf.ones(())\n    loss += tf.reduce_sum(tf.ones(3))",
    ],
)
def test_a_loss_inside_of_the_block_is_not_said_to_be_outside(block: str) -> None:
    text = (
        "model, rule, loss = made(), keras.optimizers.SGD(), 0\n"
        f"with tf.GradientTape() as tape:\n{block}\n"
        "slopes = tape.gradient(loss, model.trainable_weights)\n"
        "rule.apply_gradients(zip(slopes, model.trainable_weights))"
    )
    assert explained(Case(SETUP, text, None)) is None


PAIRS = f"""{SETUP}
w, model, rule = tf.Variable(2.0), made("mse"), keras.optimizers.SGD(0.1)
with tf.GradientTape(persistent=True) as tape:
    loss, cost = w * w, tf.reduce_mean(model(x))
slope, slopes = tape.gradient(loss, w), tape.gradient(cost, model.trainable_variables)
pair = (slope, w)
"""


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ("[slope, w]", "[(slope, w)]"),
        ("[slopes, model.trainable_variables]", "zip(slopes, model.trainable_variables)"),
        ("slopes, model.trainable_variables", "zip(slopes, model.trainable_variables)"),
    ],
)
def test_gradients_are_paired_with_their_variables(given: str, pairs: str) -> None:
    fix = f"rule.apply_gradients({pairs})"
    check(Case(PAIRS, f"rule.apply_gradients({given})", "gradient-pairs", 1, "side by side", fix))


@pytest.mark.parametrize(
    "text",
    [
        "rule.apply_gradients(slope)",
        "rule.apply_gradients([(slope, w, 3)])",
        "rule.apply_gradients([pair, pair[:1]])",
        "rule.apply_gradients(zip([slope], [w]), 3)",
        "for each in slope:\n    pass",
    ],
)
def test_of_what_is_paired_already_nothing_is_said(text: str) -> None:
    check(Case(PAIRS, text, None))


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            "rule = keras.optimizers.Adam(lr=0.01)",
            "Keras calls it learning_rate now",
            "rule = keras.optimizers.Adam(learning_rate=0.01)",
        ),
        (
            'made("mse").fit(x, rows, nb_epoch=1, verbose=0)',
            "Keras calls it epochs now",
            'made("mse").fit(x, rows, epochs=1, verbose=0)',
        ),
    ],
)
def test_names_that_older_versions_had(text: str, message: str, fix: str) -> None:
    check(Case(SETUP, text, "old-argument", 1, message, fix))


@pytest.mark.parametrize(
    "text",
    [
        "keras.optimizers.Adam(rate=0.01)",
        'options = {"lr": 0.1}\nkeras.optimizers.Adam(**options)',
        'made("mse").fit(x, rows, epoch=1)',
    ],
)
def test_of_names_that_no_version_had_nothing_is_said(text: str) -> None:
    check(Case(SETUP, text, None))


def test_a_loss_that_compares_needs_labels() -> None:
    text = 'model = made("mse")\nmodel.fit(x, verbose=0)'
    check(Case(SETUP, text, "without-labels", 2, "fit gets x alone"))


OWN_STEP = """class Mine(keras.Model):
    def call(self, x):
        return x
    def train_step(self, data):
        return {"loss": keras.ops.convert_to_tensor(None)}
model = Mine()
model.compile("sgd", "mse")
model.fit(x, verbose=0)"""


@pytest.mark.parametrize(
    "text", [OWN_STEP, 'made("mse").fit(tf.data.Dataset.from_tensors(x), verbose=0)']
)
def test_labels_are_not_missed_where_they_may_come_otherwise(text: str) -> None:
    check(Case(SETUP, text, None))


def test_images_without_channels_are_many_rather_than_one() -> None:
    text = "many = np.ones((8, 28, 28))\nkeras.Sequential([layers.Conv2D(4, 3)])(many)"
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.finding is not None
    ways = [each.fix.text for each in (found.finding, *found.alternatives) if each.fix]
    assert ways == [
        "Add the missing axis: many[..., None].",
        "Add the missing axis: many[None].",
    ]


ONE_IMAGE = [
    ("net.predict(image, verbose=0)", "net.predict(image[None], verbose=0)"),
    ("net(image)", "net(image[None])"),
]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("text", "fix"), ONE_IMAGE)
def test_a_single_image_is_handed_in_as_a_batch(channels: int, text: str, fix: str) -> None:
    setup = f"""{SETUP}
net = keras.Sequential([keras.Input((8, 8, {channels})), layers.Conv2D(4, 3)])
image = np.ones((8, 8, {channels}), "float32")
"""
    check(Case(setup, text, "missing-axes", 1, "image has 3", fix, "shape-verified"))


def test_many_images_without_channels_are_no_single_one() -> None:
    setup = f"""{SETUP}
net = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 9)])
many = np.ones((5, 8, 8), "float32")
"""
    found = explained(Case(setup, "net.predict(many, verbose=0)", None))
    assert found is None or found.finding is None or found.finding.fix is None


TWO_OUTPUTS = f"""{SETUP}
inputs = keras.Input((4,))
price, kind = layers.Dense(1, name="price")(inputs), layers.Dense(3, name="kind")(inputs)
two = keras.Model(inputs, [price, kind])
named = keras.Model(inputs, {{"price": price, "kind": kind}})
y = np.ones((8, 1), "float32")
"""


@pytest.mark.parametrize("loss", ['["mse", "mse"]', '"mse"'])
def test_each_output_needs_labels_of_its_own(loss: str) -> None:
    text = f"two.compile('sgd', {loss})\ntwo.fit(x, y, verbose=0)"
    said = "two has 2 outputs, price and kind, and fit gets one array of labels for all: y (8, 1)"
    check(Case(TWO_OUTPUTS, text, "output-labels", 2, said))


@pytest.mark.parametrize("model", ["two", "named"])
def test_a_loss_of_another_name_is_given_that_of_the_output(model: str) -> None:
    labels = "[y, rows]" if model == "two" else "{'price': y, 'kind': rows}"
    compiled = f'{model}.compile("sgd", loss={{"price": "mse", "class": "mse"}})'
    said = f'The loss of {model} names "class", and its outputs are "price" and "kind"'
    fix = compiled.replace("class", "kind")
    text = f"{compiled}\n{model}.fit(x, {labels}, verbose=0)"
    check(Case(TWO_OUTPUTS, text, "output-names", 1, said, fix))


def test_names_of_which_none_is_an_output_are_not_guessed() -> None:
    text = "two.compile('sgd', loss={'a': 'mse', 'b': 'mse'})\ntwo.fit(x, [y, rows], verbose=0)"
    found = explained(Case(TWO_OUTPUTS, text, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert (found.finding.kind, found.finding.fix.code) == ("output-names", None)


def test_labels_of_another_name() -> None:
    text = "two.compile('sgd', 'mse')\ntwo.fit(x, {'price': y, 'sort': rows}, verbose=0)"
    check(Case(TWO_OUTPUTS, text, "output-names", 2, 'have "sort", and the outputs of two are'))


def test_of_an_error_elsewhere_outputs_are_not_blamed() -> None:
    text = "two.compile('sgd', ['mse', 'mse'])\ntwo.fit(x[:, :3], [y, rows], verbose=0)"
    check(Case(TWO_OUTPUTS, text, "input-length", 2, "two"))


WORDS = f"""{SETUP}
kinds = np.array(["cat", "dog", "cow", "cat", "dog", "cow", "cat", "dog"])
sparse, categorical = made("sparse_categorical_crossentropy"), made("categorical_crossentropy")
few, binary = made("sparse_categorical_crossentropy", 2), made("binary_crossentropy", 1)
"""


@pytest.mark.parametrize(
    "labels", ["kinds", "kinds.tolist()", "kinds.astype(object)", "kinds[:, None]"]
)
def test_words_are_numbered_for_a_loss(labels: str) -> None:
    fix = f"sparse.fit(x, np.unique({labels}, return_inverse=True)[1], verbose=0)"
    text = f"sparse.fit(x, {labels}, verbose=0)"
    if labels == "kinds.tolist()":
        text, fix = f"words = {labels}\n{text}", fix
        text, fix = (
            text.replace("x, kinds.tolist()", "x, words"),
            fix.replace("kinds.tolist()", "words"),
        )
    line = text.count("\n") + 1
    said = "holds words: 'cat', 'cow', …"
    check(Case(WORDS, text, "text-labels", line, said, fix, "verified"))


def test_words_become_rows_for_a_loss_of_rows() -> None:
    fix = (
        "categorical.fit(x, keras.utils.to_categorical(np.unique(kinds, return_inverse=True)[1], "
        "3), verbose=0)"
    )
    check(Case(WORDS, "categorical.fit(x, kinds, verbose=0)", "text-labels", 1, "kinds", fix))


@pytest.mark.parametrize(
    "text",
    ["few.fit(x, kinds)", "binary.fit(x, kinds)", "sparse.evaluate(x, kinds)"],
)
def test_words_are_not_numbered_where_the_numbers_would_not_fit(text: str) -> None:
    found = explained(Case(WORDS, text, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.kind == "text-labels"
    assert found.finding.fix is None or found.finding.fix.code is None


def test_words_as_data_are_no_matter_of_the_labels() -> None:
    check(Case(WORDS, "sparse.fit(kinds, ids, verbose=0)", None))


TRAINED = f"""{SETUP}
net, rule = made(), keras.optimizers.SGD()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - rows) ** 2)
slopes = tape.gradient(loss, net.trainable_variables)
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("slopes", "gets slopes alone"),
        ("net.trainable_variables, slopes", "side by side"),
        ("zip(net.trainable_variables, slopes)", "gets the variables first"),
    ],
)
def test_gradients_come_first_in_their_pairs(given: str, said: str) -> None:
    fix = "rule.apply_gradients(zip(slopes, net.trainable_variables))"
    text = f"rule.apply_gradients({given})"
    check(Case(TRAINED, text, "gradient-pairs", 1, said, fix, "shape-verified"))


def test_pairs_of_unlike_shapes_are_not_advised() -> None:
    text = "others = made(outputs=2)\nrule.apply_gradients(slopes, others.trainable_variables)"
    found = explained(Case(TRAINED, text, None))
    assert found is not None
    assert found.finding is not None
    assert (found.finding.kind, found.finding.fix) == ("gradient-pairs", None)


def test_an_optimizer_knows_the_variables_of_its_first_model() -> None:
    text = (
        "rule.apply_gradients(zip(slopes, net.trainable_variables))\n"
        "other = made()\nrule.apply_gradients(zip(slopes, other.trainable_variables))"
    )
    said = "rule keeps a state for the variables that it was first used with"
    check(Case(TRAINED, text, "optimizer-of-other-model", 3, said))
