"""What cannot be run again and again is refused in one line, with the way out."""

from __future__ import annotations

import pytest
import tensorflow as tf

from dlmagic.errors import StateError
from dlmagic.frameworks.tensorflow.limits import limitation

ENDLESS = tf.data.Dataset.range(3).repeat()
FINITE = tf.data.Dataset.range(3)


@pytest.mark.parametrize(
    "text",
    [
        "for v in data:\n    pass",
        "for i, v in enumerate(data):\n    for k in range(3):\n        break",
        "y = 1\nfor v in data:\n    while True:\n        break\n    y = v",
        "y = [v for v in data]",
        "y = list(data)",
        "model.fit(data, epochs=2)",
        "model.fit(x=data)",
        "model.evaluate(data)",
        "model.predict(data, verbose=0)",
    ],
)
def test_a_data_set_without_end_that_is_read_to_the_end_is_refused(text):
    said = limitation("data", ENDLESS, text)
    assert "without end" in said
    assert "data.take(n)" in said
    assert limitation("data", FINITE, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "for v in data:\n    break",
        "for v in data:\n    if v > 3:\n        break",
        "for v in data.take(3):\n    pass",
        "for v in other:\n    pass",
        "for step, v in zip(range(3), data):\n    pass",
        "model.fit(data, steps_per_epoch=3)",
        "model.evaluate(data, steps=3)",
        "it = iter(data)\nnext(it)",
        "this is no Python",
    ],
)
def test_a_data_set_without_end_that_is_left_is_fine(text):
    assert limitation("data", ENDLESS, text) is None


def test_an_item_of_a_dictionary_is_named_as_it_is_written():
    said = limitation("sets['train']", ENDLESS, "for v in sets['train']:\n    pass")
    assert "sets['train'].take(n)" in said


def test_an_iterator_over_python_code_is_refused_before_anything_runs(bench):
    spec = tf.TensorSpec((), tf.int64)
    made = tf.data.Dataset.from_generator(lambda: iter(range(9)), output_signature=spec)
    with pytest.raises(StateError, match=r"^it is an iterator .* make it in this cell"):
        bench("next(it)", it=iter(made))


def test_other_iterators_are_not():
    assert limitation("it", iter(FINITE.shuffle(2)), "next(it)") is None


def test_a_queue_is_refused():
    queue = tf.queue.FIFOQueue(3, tf.float32)
    assert "cannot be put back" in limitation("queue", queue, "queue.dequeue()")
