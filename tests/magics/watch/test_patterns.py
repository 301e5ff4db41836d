"""Which layers a pattern means, and what is said where it means none."""

from __future__ import annotations

import pytest

from dlmagic.errors import InputError
from dlmagic.magics.watch.patterns import chosen
from dlmagic.magics.watch.watcher import Layer

LAYERS = (
    Layer("", "Model"),
    Layer("encoder", "Sequential"),
    Layer("encoder.0", "Linear", parameters=20),
    Layer("encoder.1", "ReLU"),
    Layer("encoder.attention", "Attention", parameters=12),
    Layer("encoder.attention.out", "Linear", parameters=9),
    Layer("head", "Linear", also=("tied.head",), parameters=4),
    Layer("tied", "Tied"),
)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", "encoder.0 encoder.1 encoder.attention encoder.attention.out head"),
        ("encoder.0", "encoder.0"),
        ("encoder", "encoder encoder.0 encoder.1 encoder.attention encoder.attention.out"),
        ("encoder.*", "encoder.0 encoder.1 encoder.attention encoder.attention.out"),
        ("Linear", "encoder.0 encoder.attention.out head"),
        ("Lin*, ReLU", "encoder.0 encoder.1 encoder.attention.out head"),
        ("tied.head", "head"),
        ("!encoder", "head"),
        ("encoder, !ReLU, !*.out", "encoder encoder.0 encoder.attention"),
        ("*.?", "encoder.0 encoder.1"),
    ],
)
def test_a_pattern_means(pattern: str, names: str) -> None:
    assert chosen(pattern, LAYERS) == tuple(names.split())


def test_a_layer_that_holds_others_is_meant_where_it_may_get_parameters() -> None:
    layers = (Layer("", "Model", unbuilt=True), Layer("block", "Block"), Layer("block/a", "Dense"))
    assert chosen("", layers) == ("", "block/a")


def test_a_layer_that_calls_others_in_a_loop_is_meant_with_them() -> None:
    layers = (Layer("", "Model"), Layer("rnn", "RNN", loops=True), Layer("rnn/cell", "Cell"))
    assert chosen("", layers) == ("rnn", "rnn/cell")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("encoder.2", "No layer matches 'encoder.2'. Did you mean encoder.[01]?"),
        ("Liner", "No layer matches 'Liner'. Did you mean Linear?"),
        ("decoder*", "No layer matches 'decoder.*'. Did you mean encoder?"),
        ("!*", "leaves no layer over"),
        ("xyz", "Choose from: encoder, "),
    ],
)
def test_one_that_means_nothing_is_told(pattern: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        chosen(pattern, LAYERS)


def test_where_nothing_has_a_name_none_is_offered() -> None:
    with pytest.raises(InputError) as raised:
        chosen("zzz", [Layer("", "", parameters=3)])
    assert str(raised.value) == "No layer matches 'zzz'."


def test_of_many_layers_some_are_offered() -> None:
    many = [Layer(f"block.{number}.layer", "Linear") for number in range(200)]
    with pytest.raises(InputError) as raised:
        chosen("zzz", many)
    assert len(str(raised.value)) < 400
