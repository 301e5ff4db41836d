"""What Dynamo's records say: golden ones, and those that this PyTorch writes now."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.dynamo_records import (
    DynamoRecords,
    listening,
    parse_break,
    parse_recompilation,
)

GOLDEN = Path(__file__).with_name("golden")
RECORDS = [
    pytest.param(record, id=f"{file.stem}: {record['program']}")
    for file in sorted(GOLDEN.glob("graph_breaks_*.json"))
    for record in json.loads(file.read_text(encoding="utf-8"))["breaks"]
]


@pytest.mark.parametrize("record", RECORDS)
def test_golden_records_are_read_as_they_were(record: dict[str, Any]) -> None:
    found = parse_break(record["record"])
    assert found.cause == record["cause"]
    assert [[f.file, f.line, f.function] for f in found.frames] == record["lines"]
    assert found.skipped is record["skipped"]
    assert len(found.hints) == record["hints"]
    assert found.explanation
    assert found.context


def test_a_record_of_another_form_is_refused_and_costs_itself_alone() -> None:
    with pytest.raises(ValueError, match="no place"):
        parse_break("Something quite different")
    with listening() as records:
        logger = compat.structured_trace()
        assert logger is not None
        logger.debug("", extra={"metadata": {"artifact": {"name": "dynamo_graph_break_reason"}}})
    assert records.breaks == []
    assert not records.complete


def test_the_last_compilation_tells_what_has_changed() -> None:
    text = json.dumps(
        [
            (
                "0/1: n == 1            # y = x * n  # a.py:11 in f\nUser stack trace:\n"
                '  File "a.py", line 11, in f\n    y = x * n'
            ),
            "0/0: not items         # items.append(n)  # a.py:15 in f",
        ]
    )
    found = parse_recompilation(text, ())
    assert found.reason == "n == 1"
    assert found.frames == (Frame("a.py", 11, "f"),)


def test_without_a_stack_it_is_where_the_function_begins() -> None:
    begun = (Frame("a.py", 3, "f"),)
    text = "0/0: tensor 'x' size mismatch at index 0. expected 3, actual 4"
    found = parse_recompilation(text, begun)
    assert found.reason == "tensor 'x' size mismatch at index 0. expected 3, actual 4"
    assert found.frames == begun


def compiled(function: Any) -> Any:
    return torch.compile(function, backend="eager")


def test_this_pytorch_still_writes_records_that_can_be_read() -> None:
    """Fails loudly where the names or the form of the records move."""

    def function(x: torch.Tensor, n: int) -> torch.Tensor:
        y = x + n
        torch._dynamo.graph_break()
        return y * 2

    torch._dynamo.reset()
    with listening() as records:
        made = compiled(function)
        made(torch.ones(3), 1)
        made(torch.ones(4), 1)
    assert records.complete
    places = {(found.cause, found.frames[-1].function) for found in records.breaks}
    assert places == {("Call to `torch._dynamo.graph_break()`", "function")}
    first = records.recompilations[0]
    assert first.reason == "tensor 'x' size mismatch at index 0. expected 3, actual 4"
    assert first.frames[-1].function == "function"


def test_nothing_is_heard_before_or_after() -> None:
    logger = compat.structured_trace()
    assert logger is not None
    before = list(logger.handlers)
    with pytest.raises(ZeroDivisionError), listening():
        raise ZeroDivisionError
    assert logger.handlers == before


def test_records_of_no_interest_change_nothing() -> None:
    records = DynamoRecords()
    for metadata in ({}, {"artifact": "text"}, {"artifact": {"name": "other"}}, {"str": ("a", 1)}):
        record = logging.LogRecord("a", logging.DEBUG, "f", 1, "", (), None)
        record.metadata = metadata
        records.read(record)
    assert (records.breaks, records.recompilations, records.complete) == ([], [], True)


def _breaks_twice(x: torch.Tensor) -> torch.Tensor:
    y = x + 1
    torch._dynamo.graph_break()
    y = y * 2
    torch._dynamo.graph_break()
    return y


@pytest.mark.parametrize("times", [1, 2])
def test_the_public_log_serves_where_there_is_no_structured_trace(
    times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = compat.log_of_graph_breaks()
    before = (list(logger.handlers), logger.level, logger.propagate)
    with listening() as wanted, listening(None) as found:
        for _ in range(times):  # the second time the log has no stacks
            torch._dynamo.reset()
            torch.compile(_breaks_twice, backend="eager")(torch.ones(2))
    assert len(found.breaks) == len(wanted.breaks) == 2 * times
    assert [each.cause for each in found.breaks] == [each.cause for each in wanted.breaks]
    lines = [[each.frames[-1].line for each in records.breaks] for records in (found, wanted)]
    assert lines[0] == lines[1]
    assert wanted.complete
    assert not found.complete
    assert (list(logger.handlers), logger.level, logger.propagate) == before
    assert capsys.readouterr() == ("", "")
