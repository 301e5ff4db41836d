"""The cells run once they are what the fixes say."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain import test_jax, test_keras, test_numpy, test_tensorflow
from tests.magics.tensors.explain.explained import Case, explained, repaired

MODULES = (test_numpy, test_jax, test_tensorflow, test_keras)
CASES = [case for module in MODULES for case in module.CASES if case.kind is not None]
LEAST_SHARE = 0.75


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.fix is not None], ids=lambda case: case.text
)
def test_the_cell_runs_with_its_fix(case: Case) -> None:
    found = explained(case)
    assert found is not None
    assert repaired(case, found)


def test_most_mistakes_have_a_fix() -> None:
    assert len(CASES) >= 60
    assert sum(case.fix is not None for case in CASES) >= LEAST_SHARE * len(CASES)
