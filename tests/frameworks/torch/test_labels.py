"""What is told of the targets of losses."""

from __future__ import annotations

import torch

from dlmagic.frameworks.operations import Labels
from dlmagic.frameworks.torch.labels import labels_of

SCORES = torch.zeros(3, 2)


def test_targets_of_two_classes_by_place_and_by_name() -> None:
    targets = torch.tensor([0.0, 2.0, 1.0])
    expected = Labels(lowest=0, highest=2, are_whole=True)
    name = "binary_cross_entropy_with_logits"
    assert labels_of(name, (SCORES[:, 0], targets), {}) == expected
    assert labels_of(name, (), {"input": SCORES[:, 0], "target": targets}) == expected
    assert labels_of("cosine_embedding_loss", (SCORES, SCORES, targets), {}) == expected


def test_rows_of_probabilities_that_have_several_numbers() -> None:
    rows = torch.tensor([[0.5, 0.25], [3.0, 0.0], [0.5, 0.5]])
    found = labels_of("cross_entropy", (SCORES, rows), {})
    assert found is not None
    assert found.row_sums == (0.75, 1.0)
    assert labels_of("cross_entropy", (SCORES, rows[1:2]), {}) == Labels(0, 3, are_whole=True)


def test_labels_that_are_all_passed_over() -> None:
    nothing = torch.full((3,), -100)
    for arguments, options, expected in (
        ((SCORES, nothing), {}, True),
        ((SCORES, nothing), {"ignore_index": 0}, False),
        ((SCORES, nothing * 0), {"ignore_index": 0}, True),
        ((SCORES, nothing * 0, None, None, 0), {}, True),
    ):
        found = labels_of("cross_entropy", arguments, options)  # type: ignore[arg-type]
        assert found is not None
        assert found.all_ignored is expected


def test_nobody_looks_at_other_losses_and_at_large_targets() -> None:
    assert labels_of("mse_loss", (SCORES, SCORES), {}) is None
    assert labels_of("soft_margin_loss", (SCORES,), {}) is None
    large = torch.zeros(400, 400)
    assert labels_of("soft_margin_loss", (large, large), {}) is None
    assert labels_of("soft_margin_loss", (SCORES, SCORES.to("meta")), {}) is None
