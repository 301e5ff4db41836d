from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass
from types import ModuleType
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.display.parts import Document, sentence
from dlmagic.environment import Environment
from dlmagic.errors import ResultFormatError
from dlmagic.finding import Finding, Fix
from dlmagic.result import Result

texts = st.text(max_size=10)
environments = st.builds(
    Environment,
    *[texts] * 5,
    st.integers(1, 512),
    st.integers(0, 2**60),
    st.dictionaries(texts, texts, max_size=3),
    st.dictionaries(texts, st.integers(), max_size=3),
    st.lists(texts, max_size=2).map(tuple),
)
fixes = st.builds(Fix, texts, st.none() | texts, st.sampled_from(["verified", "unverified"]))
findings = st.builds(
    Finding, texts, st.sampled_from(["error", "hint"]), texts, line=st.none() | st.integers(),
    operands=st.lists(texts, max_size=2).map(tuple), fix=st.none() | fixes,
)  # fmt: skip


@dataclass(frozen=True, repr=False, kw_only=True)
class Sum(Result):
    """A small result."""

    schema: ClassVar[int] = 3
    view: ClassVar[str] = "tests_view_of_sum"

    terms: tuple[float, ...] = ()
    total: float | None = None
    nested: tuple[tuple[str, tuple[int, ...]], ...] = ()


sums = st.builds(
    Sum,
    terms=st.lists(st.floats(), max_size=5).map(tuple),
    total=st.none() | st.floats(),
    nested=st.lists(
        st.tuples(texts, st.lists(st.integers(), max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    environment=st.none() | environments,
    findings=st.lists(findings, max_size=2).map(tuple),
)


@pytest.fixture(autouse=True)
def view(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that shows a sum."""
    module = ModuleType("tests_view_of_sum")
    module.document = lambda result: Document((sentence(f"The sum is {result.total}."),))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def fields(result: Sum) -> list[str]:
    """The values as text, which tells nan from None and -0.0 from 0.0, and calls nan nan."""
    return [repr(getattr(result, name)) for name in ("terms", "total", "nested", "environment")]


@given(sums)
def test_what_is_saved_comes_back(result: Sum) -> None:
    text = result.to_json()
    back = Sum.from_json(text)
    assert fields(back) == fields(result)
    assert back.findings == result.findings
    assert back.to_json() == text
    assert Sum.from_json(text.encode()).to_json() == text
    assert text.isascii()


@given(sums)
def test_what_is_pickled_comes_back(result: Sum) -> None:
    assert fields(pickle.loads(pickle.dumps(result))) == fields(result)


def test_the_file_says_what_it_is() -> None:
    data = json.loads(Sum(total=float("nan")).to_json())
    assert list(data)[:2] == ["format", "schema"]
    assert (data["format"], data["schema"], data["total"]) == ("dlmagic.Sum", 3, "nan")


def test_a_result_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Sum().total = 1.0  # type: ignore[misc]


GOOD = Sum(terms=(1.0, 2.0), total=3.0).to_dict()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not strict JSON"),
        ("{", "not strict JSON"),
        (Sum(total=1.0).to_json()[:-20], "not strict JSON"),
        (b"\xff\xfe\xfa", "not strict JSON"),
        (json.dumps(GOOD).replace("3.0", "NaN"), "NaN is not JSON"),
        (json.dumps(GOOD).replace("3.0", "-Infinity"), "-Infinity is not JSON"),
        ('{"format": 1, "format": 2}', "a name occurs twice"),
        ("[" * 100_000, "not strict JSON"),
        ("[]", "not a saved Sum"),
        ("null", "not a saved Sum"),
        ('{"cells": []}', "not a saved Sum"),
        (json.dumps({**GOOD, "format": "dlmagic.BenchResult"}), "it holds 'dlmagic.BenchResult'"),
        (json.dumps({**GOOD, "schema": 4}), "newer dlmagic (format 4; this one reads format 3)"),
        (json.dumps({**GOOD, "schema": "3"}), "format number is '3'"),
        (json.dumps({**GOOD, "schema": True}), "format number is True"),
        (json.dumps({**GOOD, "total": "three"}), "Sum.total is 'three', not float"),
        (json.dumps({**GOOD, "terms": [1.0, None]}), "Sum.terms[1] is None, not float"),
        (json.dumps({**GOOD, "colour": 1}), "'colour' of Sum does not belong there"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "terms"}), "'terms' of Sum is missing"),
        (json.dumps({**GOOD, "findings": [{"kind": "x"}]}), "is missing"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_one_line(text: str | bytes, words: str) -> None:
    with pytest.raises(ResultFormatError) as refusal:
        Sum.from_json(text)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300
    assert refusal.value.__cause__ is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_whatever_stands_in_a_field_is_taken_or_refused(value: object) -> None:
    for name in ("terms", "total", "nested", "environment", "findings", "schema"):
        try:
            Sum.from_dict({**GOOD, name: value})
        except ResultFormatError as refusal:
            assert "\n" not in str(refusal)  # noqa: PT017 - either outcome is fine


def test_both_forms_come_from_one_document() -> None:
    bundle = Sum(total=3.0)._repr_mimebundle_()
    assert bundle["text/plain"] == repr(Sum(total=3.0)) == "The sum is 3.0."
    assert "The sum is 3.0." in bundle["text/html"]


def test_only_the_wanted_forms_are_made() -> None:
    result = Sum()
    assert set(result._repr_mimebundle_(include={"text/html"})) == {"text/html"}
    assert set(result._repr_mimebundle_(exclude={"text/html"})) == {"text/plain"}


def test_a_view_that_fails_costs_only_the_looks(view: ModuleType) -> None:
    def broken(result: Result) -> Document:
        raise ZeroDivisionError("<b>\nwhy")

    view.document = broken  # type: ignore[attr-defined]
    bundle = Sum()._repr_mimebundle_()
    line = "<Sum: could not be shown (ZeroDivisionError: <b> why); its attributes are all there>"
    assert bundle["text/plain"] == repr(Sum()) == line
    assert "&lt;b&gt; why" in bundle["text/html"]


def test_a_saved_result_opens_with_the_standard_library_alone() -> None:
    code = (
        "import sys; import dlmagic.magics.bench.result as m; m.BenchResult.from_json("
        "m.BenchResult(arms=(m.Arm(name='eager'),)).to_json())\n"
        "heavy = {'IPython', 'numpy', 'rich', 'htpy', 'pandas', 'matplotlib', 'torch', 'psutil'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
