"""Names, classes and methods of Keras that are not what is needed."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check
from tests.magics.tensors.explain.test_keras import SETUP

COMPILED = f"{SETUP}\nmodel = made()\n"
NAMES = [
    ("model.compile('adm', 'mse')", '"adam"', "model.compile(\"adam\", 'mse')"),
    (
        "layers.Dense(3, activation='rleu')",
        'no activation of the name "rleu"',
        'layers.Dense(3, activation="relu")',
    ),
    (
        "layers.Dense(3, kernel_initializer='he_norml')",
        'no initializer of the name "he_norml"',
        'layers.Dense(3, kernel_initializer="he_normal")',
    ),
    (
        "model.compile('sgd', 'mse', metrics=['acuracy'])\nmodel.fit(x, rows, verbose=0)",
        'no metric of the name "acuracy"',
        "model.compile('sgd', 'mse', metrics=[\"accuracy\"])",
    ),
    (
        "model.compile('sgd', 'categorical_crossentropie')\nmodel.fit(x, rows, verbose=0)",
        'no loss of the name "categorical_crossentropie"',
        "model.compile('sgd', \"categorical_crossentropy\")",
    ),
]


@pytest.mark.parametrize(("text", "said", "fix"), NAMES)
def test_a_name_with_a_wrong_letter(text: str, said: str, fix: str) -> None:
    check(Case(COMPILED, text, "unknown-name", 1, said, fix))


@pytest.mark.parametrize("name", ["cross_entropy", "nonsense"])
def test_a_name_that_may_stand_for_several_is_not_guessed(name: str) -> None:
    text = f"model.compile('sgd', '{name}')\nmodel.fit(x, rows, verbose=0)"
    check(Case(COMPILED, text, None))


CLASSES = [
    (
        "model.compile(keras.optimizers.Adam, 'mse')",
        "keras.optimizers.Adam is a class",
        "model.compile(keras.optimizers.Adam(), 'mse')",
    ),
    ("model.add(layers.Flatten)", "layers.Flatten is a class", "model.add(layers.Flatten())"),
    ("model.add(layers.Dense)", "layers.Dense is a class", None),
    (
        (
            "model.compile('sgd', 'mse')\n"
            "model.fit(x, rows, callbacks=[keras.callbacks.EarlyStopping], verbose=0)"
        ),
        "keras.callbacks.EarlyStopping is a class",
        "model.fit(x, rows, callbacks=[keras.callbacks.EarlyStopping()], verbose=0)",
    ),
]


@pytest.mark.filterwarnings("ignore:Early stopping conditioned on metric")
@pytest.mark.parametrize(("text", "said", "fix"), CLASSES)
def test_an_object_is_needed_in_place_of_its_class(text: str, said: str, fix: str | None) -> None:
    check(Case(COMPILED, text, "class-for-object", text.count("\n") + 1, said, fix))


OF_PYTORCH = """class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(3)
    def forward(self, x):
        return self.last(x)
net = Net()"""


@pytest.mark.parametrize("call", ["net(x)", "net.predict(x, verbose=0)"])
def test_the_method_of_a_model_is_named_call(call: str) -> None:
    fix = "def call(self, x):"
    check(Case(SETUP, f"{OF_PYTORCH}\n{call}", "method-name", 5, "Net has forward", fix))


def test_a_model_without_any_method_is_no_model_of_pytorch() -> None:
    text = f"{OF_PYTORCH}\nnet(x)".replace("forward", "other")
    check(Case(SETUP, text, None))


def test_methods_that_keras_does_without() -> None:
    fix = "kinds = np.argmax(model.predict(x, verbose=0), axis=-1)"
    text = "kinds = model.predict_classes(x, verbose=0)"
    check(Case(COMPILED, text, "old-method", 1, "model has no predict_classes", fix))
    check(Case(COMPILED, "x.predict_classes()", None))


def test_a_size_with_a_fraction_is_no_matter_of_data_and_labels() -> None:
    text = "model.compile('sgd', 'mse')\nmodel.fit(x, ids, batch_size=4.0, verbose=0)"
    check(Case(COMPILED, text, None))
