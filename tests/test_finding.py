from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from dlmagic.codec import Mismatch, decode, encode
from dlmagic.finding import Finding, Fix

FINDING = Finding(
    "recompile",
    "warning",
    "compile was compiled 7 times.",
    "Cell In[3]",
    4,
    "loss = model(images)",
    ("images",),
    Fix("Tell it that the shape changes.", "torch.compile(model, dynamic=True)", "verified"),
)


def test_a_finding_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(FINDING)) == FINDING
    assert decode(encode(FINDING, Finding), Finding) == FINDING
    assert len({FINDING, FINDING}) == 1
    with pytest.raises(FrozenInstanceError):
        FINDING.line = 5  # type: ignore[misc]


def test_a_fix_claims_nothing_unless_it_was_checked() -> None:
    assert Fix("Move it.").status == "unverified"


@pytest.mark.parametrize(("field", "value"), [("level", "fatal"), ("line", "4"), ("fix", [])])
def test_a_damaged_finding_is_refused(field: str, value: object) -> None:
    with pytest.raises(Mismatch, match=field):
        decode({**encode(FINDING, Finding), field: value}, Finding)
