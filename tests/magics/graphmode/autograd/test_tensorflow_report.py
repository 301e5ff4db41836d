"""What a graph of TensorFlow says, and that a cell leaves what a plain run leaves."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from tensorflow.python.eager import record  # noqa: E402 - only where it is installed
from tensorflow.python.eager.context import context  # noqa: E402

import dlmagic  # noqa: E402
from dlmagic.errors import InputError  # noqa: E402
from dlmagic.frameworks.tensorflow import _compat as compat  # noqa: E402
from dlmagic.frameworks.tensorflow.autograd_recorder import Recorder  # noqa: E402
from dlmagic.magics.graphmode.autograd.result import AutogradGraph  # noqa: E402


def drawn(text: str, **names: object) -> AutogradGraph:
    return dlmagic.autograd(text, namespace={"tf": tf, **names})


def values(graph: AutogradGraph) -> dict[str, tuple[str, str]]:
    return {
        node.name: (
            node.value.values if node.value else "",
            node.gradient.values if node.gradient else "",
        )
        for node in graph.nodes
    }


ASKED = "with tf.GradientTape() as tape: f = a * (a + b)\nslopes = tape.gradient(f, [a, b])"
NUMBERS = "a = tf.Variable(2.)\nb = tf.Variable(3.)\n"
WATCHED = "tape = tf.GradientTape()\na, b = tf.constant(2.), tf.constant(3.)\n"


@pytest.mark.parametrize(
    "text",
    [
        NUMBERS + "f = a * (a + b)\nf",
        NUMBERS
        + "with tf.GradientTape() as tape: f = a * (a + b)\nslopes = tape.gradient(f, [a, b])",
        WATCHED + "with tape: tape.watch([a, b]); f = a * (a + b)\ntape.gradient(f, a)",
    ],
)
def test_the_example_of_every_lecture(text: str) -> None:
    graph = drawn(text)
    assert values(graph) == {
        "a": ("2", "7"),
        "b": ("3", "2"),
        "AddV2": ("5", "2"),
        "Mul": ("10", "1"),
    }
    assert (graph.target, graph.leaves) == ("f", ("a", "b"))
    assert set(graph.edges) == {("a", "AddV2"), ("b", "AddV2"), ("a", "Mul"), ("AddV2", "Mul")}
    assert "∂" in graph._repr_html_form() or "data:image/svg" in graph._repr_html_form()


def test_what_the_tape_keeps_is_counted_once() -> None:
    x = tf.Variable([1.0, 2.0])
    graph = drawn("y = tf.exp(x)\nz = y * y\nw = tf.nn.relu(z)", x=x)
    kept = {node.name: node.saved_bytes for node in graph.nodes}
    assert kept == {"x": 0, "Exp": 8, "Mul": 0, "Relu": 8}, "Exp and Mul keep the same tensor"


def test_every_step_has_the_line_that_made_it() -> None:
    text = "y = x * 2.0\nz = tf.exp(y)\nfor _ in range(2):\n    z = z + y\nz"
    graph = drawn(text, x=tf.Variable(1.0))
    lines = {node.name: node.line for node in graph.nodes if node.op != "leaf"}
    assert lines == {"Mul": 1, "Exp": 2, "AddV2": 4, "AddV2#2": 4}


def test_weights_are_named_by_their_model() -> None:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, name="one")])
    layer = keras.layers.Dense(1)
    graph = drawn(
        "loss = tf.reduce_sum(layer(model(x)))", model=model, layer=layer, x=tf.ones((4, 2))
    )
    wanted = {"model.one.kernel", "model.one.bias", "layer.kernel", "layer.bias"}
    assert set(graph.leaves) == wanted
    assert graph["layer.bias"].gradient.values == "[4]"  # type: ignore[union-attr]


def test_the_last_question_of_a_training_loop_is_drawn() -> None:
    text = (
        "for step in range(4):\n"
        "    with tf.GradientTape() as tape:\n        loss = w * w\n"
        "    w.assign_sub(0.25 * tape.gradient(loss, w))"
    )
    w = tf.Variable(16.0)
    graph = drawn(text, w=w)
    assert graph.target == "loss"
    assert values(graph) == {"w": ("2", "4"), "Mul": ("4", "1")}, "as the tape has read it"
    assert float(w.numpy()) == 1.0


def test_a_tape_that_watches_what_it_is_told_has_no_other_leaves() -> None:
    text = (
        "with tf.GradientTape(watch_accessed_variables=False) as tape:\n"
        "    tape.watch(b)\n    y = a * b\ntape.gradient(y, b)"
    )
    graph = drawn(text, a=tf.Variable(2.0), b=tf.Variable(3.0))
    assert values(graph) == {"b": ("3", "2"), "Mul": ("6", "1")}


def test_a_gradient_of_a_gradient_is_drawn_by_the_outer_tape() -> None:
    text = (
        "with tf.GradientTape() as outer:\n    with tf.GradientTape() as inner:\n"
        "        y = x * x * x\n    slope = inner.gradient(y, x)\n"
        "bend = outer.gradient(slope, x)"
    )
    names: dict[str, Any] = {"tf": tf, "x": tf.Variable(2.0)}
    graph = dlmagic.autograd(text, namespace=names)
    assert graph.target == "slope"
    assert values(graph)["x"] == ("2", "12")
    assert float(names["bend"]) == 12.0


def test_an_own_rule_has_its_own_name() -> None:
    text = (
        "@tf.custom_gradient\ndef cube(x):\n    def slope(given):\n        return given * 100\n"
        "    return x**3, slope\ny = cube(x)"
    )
    graph = drawn(text, x=tf.Variable(2.0))
    assert graph["cube"].is_custom
    assert values(graph) == {"x": ("2", "100"), "cube": ("8", "1")}
    assert not drawn("y = tf.nn.silu(x)", x=tf.Variable(2.0)).nodes[-1].is_custom


@pytest.mark.parametrize(
    ("text", "line", "words", "slope"),
    [
        ("y = x * 2\nz = tf.stop_gradient(y)\nw = x + z", 2, "stop_gradient() cuts", "1"),
        ("k = tf.argmax([x, x])\nw = x * tf.cast(k, tf.float32)", 1, "ArgMax() gives whole", "0"),
        ("k = tf.cast(x, tf.int32)\nw = x * tf.cast(k, x.dtype)", 1, "cast() gives whole", "2"),
        ("k = tf.range(x)\nw = x * 5.0 + k[1]", 1, "Range() has no gradient", "5"),
        ("k = tf.round(x)\nw = x * 5.0 + k", 1, "Round() has no gradient", "5"),
        (
            "t = tf.GradientTape()\nwith t:\n with t.stop_recording(): y = x*3\n w = x * y\n{ask}",
            3,
            "Mul() runs where the tape does not record",
            "6",
        ),
        (
            "y = x * 3\nwith tf.GradientTape() as t:\n    w = x * y\n{ask}",
            1,
            "Mul() runs where the tape does not record",
            "6",
        ),
    ],
)
def test_a_cut_is_named_with_its_line(text: str, line: int, words: str, slope: str) -> None:
    graph = drawn(text.replace("{ask}", "t.gradient(w, x)"), x=tf.Variable(2.0))
    found = [each for each in graph.findings if each.kind == "graph-cut"]
    assert [(each.line, words in each.message) for each in found] == [(line, True)]
    assert graph["x"].gradient.values == slope  # type: ignore[union-attr]


def test_what_tensorflow_cuts_inside_its_own_functions_is_not_told() -> None:
    text = "y = tf.reduce_mean(tf.image.resize(x[None, :, :, None], [4, 4]))\ns = tf.shape(y)"
    assert not drawn(text + "\ny", x=tf.Variable(tf.ones((2, 2)))).findings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y = tf.stop_gradient(x)", "Line 1: stop_gradient"),
        ("y = tf.constant(2.0) * 3.0", "make it a tf.Variable, or call tape.watch"),
        (
            "with tf.GradientTape() as t, t.stop_recording():\n\n    y = x * x\nt.gradient(y, x)",
            "Line 3: Mul.* does not record",
        ),
    ],
)
def test_a_cell_without_graph_names_the_cut_or_says_what_to_do(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        drawn(text, x=tf.Variable(2.0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("made", [tf.constant, tf.Variable])
def test_a_tensor_that_exists_says_that_there_is_no_graph(made: Any) -> None:
    x = made(2.0)
    with pytest.raises(InputError, match=r"x is a .* of TensorFlow, which keeps no graph"):
        dlmagic.autograd(x)


# The cell runs as in a plain run


def test_the_users_tapes_answer_as_in_a_plain_run() -> None:
    text = (
        "with tf.GradientTape() as once:\n    y = x**3\n"
        "with tf.GradientTape(persistent=True) as often:\n    often.watch(k)\n    z = x * k\n"
        "first = once.gradient(y, x)\n"
        "second, third = often.gradient(z, x), often.gradient(z, k)\n"
        "try:\n    once.gradient(y, x)\nexcept RuntimeError as error:\n    said = str(error)\n"
        "seen.append(len(once.watched_variables()))"
    )

    def run(by: Any) -> list[object]:
        names: dict[str, Any] = {
            "tf": tf, "x": tf.Variable(2.0), "k": tf.constant(5.0), "seen": [],
        }  # fmt: skip
        by(text, names)
        numbers = [float(names[name]) for name in ("first", "second", "third")]
        kept = names["often"].gradient(names["z"], names["x"])
        return [*numbers, names["said"], names["seen"], float(kept), set(names) - {"__builtins__"}]

    plain = run(exec)
    assert run(lambda text, names: dlmagic.autograd(text, namespace=names)) == plain


def test_a_compiled_function_is_not_traced_again() -> None:
    traced: list[int] = []
    x = tf.Variable(1.0)

    @tf.function
    def step(y: Any) -> Any:
        traced.append(1)
        with tf.GradientTape() as tape:
            z = y * x
        return tape.gradient(z, x)

    step(tf.constant(2.0))
    drawn("y = step(tf.constant(3.0)) * x", step=step, x=x)
    assert float(step(tf.constant(4.0))) == 4.0
    assert len(traced) == 1


def test_a_cell_that_trains_a_model_of_keras_runs() -> None:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    text = "model.fit(x, x[:, :1], verbose=0)\nloss = tf.reduce_sum(model(x))"
    graph = drawn(text, model=model, x=tf.ones((4, 2)))
    assert set(graph.leaves) == {"model.dense.kernel", "model.dense.bias"} or len(graph.leaves) == 2


def test_a_tensorflow_that_tells_nothing_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(compat, "operations_told", lambda _: nullcontext(False))
    with pytest.raises(InputError, match="does not tell which operations run"):
        drawn("y = x * 2", x=tf.Variable(2.0))


@pytest.mark.parametrize("error", ["ZeroDivisionError", "KeyboardInterrupt"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_cell_that_stops_leaves_nothing_behind(
    error: str, inside: bool, monkeypatch: Any
) -> None:
    made: list[Recorder] = []
    original = Recorder.__init__
    methods, record_operation = dict(vars(tf.GradientTape)), record.record_operation

    def remember(self: Recorder) -> None:
        original(self)
        made.append(self)

    monkeypatch.setattr(Recorder, "__init__", remember)
    text = f"with tf.GradientTape() as tape:\n    y = x * x\n{'    ' * inside}raise {error}"
    names: dict[str, Any] = {"tf": tf, "x": tf.Variable(2.0)}
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
        dlmagic.autograd(text, namespace=names)
    assert not made[0].tape.records
    assert dict(vars(tf.GradientTape)) == methods
    assert not context().op_callbacks
    assert record.record_operation is record_operation
    assert float(names["tape"].gradient(names["y"], names["x"])) == 4.0


def test_it_is_kept_as_json() -> None:
    graph = drawn("f = a * a", a=tf.Variable(2.0))
    assert AutogradGraph.from_json(graph.to_json()) == graph


@pytest.mark.parametrize("text", ["model.fit(x, y, verbose=0)", "model.train_on_batch(x, y)"])
def test_training_that_keras_runs_as_a_graph_is_not_blamed_on_what_the_tape_watches(
    text: str,
) -> None:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = tf.ones((4, 2)).numpy(), tf.ones((4, 1)).numpy()
    with pytest.raises(InputError, match=r"Line 1: .*step.* runs as a graph"):
        drawn(text, model=model, x=x, y=y)
