"""Tensors made of what a first project has: tables of pandas, texts, turned images, lists."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check, explained

pytest.importorskip("pandas")

SETUP = """
import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset
class Turned(Dataset):
    def __len__(self): return 4
    def __getitem__(self, k): return np.fliplr(np.ones((2, 2))), k
numbers = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
mixed = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.0]})
texts = pd.DataFrame({"a": [1, 2], "kind": ["x", "y"]})
times = pd.DataFrame({"t": pd.date_range("2020-01-01", periods=3), "x": [1, 2, 3]})
gaps = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1, 2]})
labels, figures, words = ["cat", "dog", "cat"], ["1", "2.5"], ["Good day", "I am", "here"]
objects, ragged = np.array([1, None]), np.array([[1, 2], [3]], dtype=object)
image, tensor = np.ones((2, 3, 3)), torch.arange(6).reshape(2, 3)
"""
TABLE, TEXTS, BACK, TURN = (
    "tensor-of-table",
    "tensor-of-texts",
    "array-backwards",
    "tensor-backwards",
)
CASES = [
    Case(
        SETUP,
        "torch.tensor(numbers)",
        TABLE,
        1,
        "torch.tensor takes an array of numbers, and numbers is a DataFrame of pandas.",
        "torch.tensor(numbers.to_numpy())",
        "verified",
    ),
    Case(
        SETUP,
        "torch.from_numpy(numbers['a'])",
        TABLE,
        1,
        "is a Series of pandas.",
        "torch.from_numpy(numbers['a'].to_numpy(copy=True))",
        "verified",
    ),
    Case(
        SETUP,
        "torch.tensor(numbers['a'][1:])",
        TABLE,
        1,
        "numbers['a'][1:] is a Series",
        "torch.tensor(numbers['a'][1:].to_numpy())",
        "unverified",
    ),
    Case(
        SETUP,
        "torch.tensor(mixed.values, dtype=torch.float32)",
        TABLE,
        1,
        "mixed.values holds Python objects (dtype object), since its columns differ in type",
        'torch.tensor(mixed.to_numpy(dtype="float32"), dtype=torch.float32)',
        "verified",
    ),
    Case(
        SETUP,
        "row = mixed.iloc[0]\ntorch.tensor(row.values)",
        TABLE,
        2,
        "row.values holds Python objects",
        'torch.tensor(row.to_numpy(dtype="float32"))',
        "verified",
    ),
    Case(
        SETUP,
        "torch.tensor(gaps)",
        TABLE,
        1,
        "gaps",
        'torch.tensor(gaps.to_numpy(dtype="float32"))',
        "verified",
    ),
    Case(SETUP, "torch.tensor(texts.values)", TABLE, 1, "kind is a column without numbers."),
    Case(SETUP, "torch.tensor(times.values)", TABLE, 1, "t is a column without numbers."),
    Case(SETUP, "torch.tensor(mixed.iloc[:, 1:].values)", TABLE, 1, "holds Python objects"),
    Case(
        SETUP,
        "torch.from_numpy(texts['kind'])",
        TABLE,
        1,
        "texts['kind'] is a Series of pandas, and not of numbers.",
        "torch.from_numpy(pd.factorize(texts['kind'], sort=True)[0])",
        "unverified",
    ),
    Case(
        SETUP,
        "torch.tensor(labels)",
        TEXTS,
        1,
        "labels texts, such as 'cat'",
        "torch.tensor(np.unique(labels, return_inverse=True)[1])",
        "unverified",
    ),
    Case(SETUP, "torch.tensor(np.array(labels))", TEXTS, 1, "np.array(labels) texts"),
    Case(
        SETUP,
        "torch.FloatTensor(figures)",
        TEXTS,
        1,
        "such as '1'",
        "torch.FloatTensor([float(each) for each in figures])",
    ),
    Case(SETUP, "torch.tensor(words)", TEXTS, 1, "words texts"),
    Case(
        SETUP,
        "torch.tensor(objects)",
        "object-array",
        1,
        "objects holds Python objects",
        'torch.tensor(objects.astype("float32"))',
        "verified",
    ),
    Case(SETUP, "torch.tensor(ragged)", "object-array", 1, "ragged holds Python objects"),
    Case(
        SETUP,
        "torch.from_numpy(image[..., ::-1])",
        BACK,
        1,
        "image[..., ::-1] is a view that runs backwards",
        "torch.from_numpy(image[..., ::-1].copy())",
        "verified",
    ),
    Case(
        SETUP,
        "turned = np.fliplr(image)\nx = torch.tensor(turned)",
        BACK,
        2,
        "turned",
        "x = torch.tensor(turned.copy())",
        "verified",
    ),
    Case(
        SETUP,
        "back = tensor[:, ::-1]",
        TURN,
        1,
        "A slice of a tensor cannot run backwards",
        "back = torch.flip(tensor, [1])",
        "verified",
    ),
    Case(
        SETUP, "next(iter(DataLoader(Turned(), 2)))", BACK, 1, "The samples of Turned hold a view"
    ),
    Case(SETUP, "tensor[0, ::-1]", TURN, 1, "tensor[0, ::-1]"),
    Case(
        SETUP, "torch.tensor([[1, 2], 3])", "ragged-rows", 1, "row 0 has 2 elements, row 1 has no"
    ),
    Case(SETUP, "torch.tensor([1, [2, 3]])", "ragged-rows", 1, "row 1 has 2 elements"),
    Case(SETUP, "torch.tensor([1.0, [2, 3]])", "ragged-rows", 1, "row 1 has 2 elements"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_no_array_of_numbers(case: Case) -> None:
    check(case)


def _fix(text: str) -> tuple[str, str | None]:
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    return found.finding.fix.text, found.finding.fix.code


def test_a_column_of_texts_is_left_out_or_becomes_columns_of_numbers() -> None:
    text, code = _fix("torch.tensor(texts.values)")
    assert code is None
    assert "texts.drop(columns=['kind']).to_numpy(dtype=\"float32\")." in text
    assert 'pd.get_dummies(texts, dtype=float).to_numpy(dtype="float32").' in text


def test_times_do_not_become_columns_of_numbers() -> None:
    assert "get_dummies" not in _fix("torch.tensor(times.values)")[0]


def test_sentences_are_not_numbered_as_classes_without_a_word() -> None:
    text, code = _fix("torch.tensor(words)")
    assert code is None
    assert "tokenizer" in text


def test_that_a_missing_value_becomes_nan_is_said() -> None:
    assert "None becomes nan" in _fix("torch.tensor(objects)")[0]


@pytest.mark.parametrize("text", ["torch.tensor(ragged)", "tensor[0, ::-1]", "tensor[1:0:-1]"])
def test_where_no_line_is_known_none_is_given(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is None


@pytest.mark.parametrize(
    "text",
    [
        "torch.tensor([1, 'a'])",
        "torch.tensor({'a': 1})",
        "torch.tensor(np.array(['2020-01-01'], dtype='datetime64[D]'))",
        "list(range(3))[::0]",
        "sum([1, [2]])",
        "len(3)",
    ],
)
def test_other_errors_are_not_taken_for_these(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    kinds = (TABLE, TEXTS, BACK, TURN, "object-array", "ragged-rows")
    assert found is None or found.finding is None or found.finding.kind not in kinds
