from __future__ import annotations

import json
import math
import typing
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.codec import Mismatch, decode, encode


@dataclass(frozen=True)
class Leaf:
    name: str
    weight: float | None = None
    kind: typing.Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Tree:
    leaves: tuple[Leaf, ...] = ()
    pair: tuple[int, str] = (0, "")
    by_name: dict[str, tuple[float, ...]] | None = None
    flag: bool | int = False
    deep: tuple[tuple[float | None, ...], ...] = ()


leaves = st.builds(Leaf, st.text(), st.none() | st.floats(), st.sampled_from(["a", "b"]))
trees = st.builds(
    Tree,
    st.lists(leaves, max_size=3).map(tuple),
    st.tuples(st.integers(), st.text()),
    st.none() | st.dictionaries(st.text(), st.lists(st.floats(), max_size=3).map(tuple)),
    st.booleans() | st.integers(),
    st.lists(st.lists(st.none() | st.floats(), max_size=2).map(tuple), max_size=2).map(tuple),
)


@given(trees)
def test_every_value_comes_back_as_it_was(tree: Tree) -> None:
    text = json.dumps(encode(tree, Tree), allow_nan=False)
    # The text tells nan from nan and -0.0 from 0.0, which == does not.
    assert repr(decode(json.loads(text), Tree)) == repr(tree)


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_floats_that_are_no_numbers_travel_as_words(word: str) -> None:
    assert encode(float(word), float) == word
    assert str(decode(word, float)) == word


def test_numpy_scalars_become_plain_numbers() -> None:
    written = [encode(np.float32(0.5), float), encode(np.int64(3), int), encode(np.True_, bool)]
    assert [type(value) for value in written] == [float, int, bool]


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (int, 1.0),
        (int, True),
        (float, "1.0"),
        (float, False),
        (float, 10**400),
        (bool, 1),
        (str, None),
        (tuple[int, ...], 3),
        (dict[str, int], []),
        (typing.Literal["a"], "b"),
        (float | None, "fast"),
        (Leaf, 7),
        (type(None), 0),
    ],
)
def test_a_value_of_another_type_is_refused_both_ways(hint: object, value: object) -> None:
    with pytest.raises(Mismatch, match="value is"):
        decode(value, hint)
    with pytest.raises(Mismatch, match="value is"):
        encode(value, hint)


def test_the_message_names_the_place() -> None:
    data = encode(Tree(leaves=(Leaf("x"), Leaf("y"))), Tree)
    data["leaves"][1]["weight"] = "heavy"
    with pytest.raises(Mismatch, match=r"tree\.leaves\[1\]\.weight is 'heavy', not float"):
        decode(data, Tree, "tree")


@pytest.mark.parametrize("change", ["is missing", "does not belong there"])
def test_fields_are_neither_guessed_nor_dropped(change: str) -> None:
    data = encode(Leaf("x"), Leaf)
    if change == "is missing":
        del data["weight"]
    else:
        data["colour"] = "green"
    with pytest.raises(Mismatch, match=change):
        decode(data, Leaf)


def test_tuples_of_fixed_length_keep_it() -> None:
    with pytest.raises(Mismatch, match="has 1 items instead of 2"):
        decode([1], tuple[int, str])


def test_a_type_that_cannot_be_saved_is_the_mistake_of_the_author() -> None:
    with pytest.raises(TypeError, match="cannot be saved"):
        encode({1}, set)


def test_infinity_stays_infinite_inside_containers() -> None:
    back = decode(encode((math.inf, None), tuple[float | None, ...]), tuple[float | None, ...])
    assert back == (math.inf, None)
