"""Samples of which a ``DataLoader`` cannot make a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dlmagic.errors import with_article
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.returning import with_return_in
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (
    re.compile(r"batch must contain tensors, .*found <class '(?P<kind>[\w.]+)'>"),
    re.compile(r"expected Tensor as element \d+ in argument 0, but got (?P<kind>NoneType)"),
    re.compile(r"'(?P<kind>NoneType)'.*(not iterable|has no len|not subscriptable)"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of the samples, and what the data set gives for it."""
    step = failure.inside("fetch")
    data = getattr(step.local("self"), "dataset", None) if step is not None else None
    samples: Any = step.local("data") if step is not None else None
    if not isinstance(samples, list) or data is None:
        return None
    kind = match["kind"].rpartition(".")[2]
    empty = [k for k, each in enumerate(samples) if each is None]
    if kind == "NoneType" and not empty:
        return None  # a part of a sample
    what = (
        f"sample {empty[0]} of this one is None"
        if empty
        else f"a sample of this one holds {with_article(kind)}"
    )
    return Explained(
        kind="batch-of-objects",
        message=(
            "A DataLoader makes batches of tensors, arrays, numbers, texts, and lists and "
            f"dictionaries of these; {what}."
        ),
        candidates=tuple(_candidates(failure, data, kind, len(empty) == len(samples))),
    )


def _candidates(failure: Failure, data: Any, kind: str, none_at_all: bool) -> Iterator[Candidate]:
    if none_at_all:
        code = getattr(getattr(type(data), "__getitem__", None), "__code__", None)
        returned = with_return_in(code, failure)
        if returned is not None:
            yield returned
    elif kind == "NoneType":
        yield Candidate(
            f"Let {type(data).__name__} return a sample for each number, or leave these out: "
            "collate_fn=lambda samples: torch.utils.data.default_collate("
            "[each for each in samples if each is not None])."
        )
    elif kind == "Image":
        yield Candidate(
            "Make tensors of the images in the data set: "
            "transform=torchvision.transforms.ToTensor()."
        )
