"""What a user may write after ``--to``, and what becomes of a destination that fails."""

from __future__ import annotations

import threading

import pytest

from dlmagic.errors import InputError
from dlmagic.magics.watch.export.exporter import Exporter, exporter
from dlmagic.magics.watch.export.numbers import Written
from tests.magics.watch.export.samples import sample


class Breaking:
    """Takes some steps, and then nothing."""

    name, where = "Breaking", "nowhere"

    def __init__(self, steps: int, error: Exception) -> None:
        self.steps, self.error = steps, error
        self.taken: list[int] = []
        self.closed = 0

    def write(self, written: Written) -> None:
        if len(self.taken) == self.steps:
            raise self.error
        self.taken.append(written.step)

    def write_loss(self, step: int, value: float) -> None:
        """Losses are taken."""

    def notes(self) -> tuple[str, ...]:
        return ("A note of its own.",)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("wandbb", "There is no 'wandbb' to write to. Did you mean wandb?"),
        ("mlflow", "Choose from: wandb, tensorboard."),
        ("wandb:name", "wandb takes nothing after its name"),
        ("wandb:", "wandb takes nothing after its name"),
        ("tensorboard:", "Write: tensorboard:FOLDER"),
    ],
)
def test_a_target_that_is_none_is_told(target: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace(".", r"\.").replace("?", r"\?")):
        exporter(target)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("several\n  lines."), "several lines"),
        (KeyError(), "KeyError"),
    ],
)
def test_a_failure_becomes_one_note(error: Exception, why: str) -> None:
    place = Breaking(2, error)
    writing = Exporter(place)
    for step in range(1, 6):
        writing.write(sample(step))
        writing.write_loss(step, 1.0)
    writing.close()
    assert place.taken == [1, 2]
    assert writing.written == 2
    failure = f"Nothing more is written to Breaking: {why}."
    assert writing.notes() == ("A note of its own.", failure)


def test_nothing_is_written_after_the_end() -> None:
    place = Breaking(9, ValueError())
    writing = Exporter(place)
    writing.write(sample(1))
    writing.close()
    writing.write(sample(2))
    writing.close()
    assert (place.taken, place.closed) == ([1], 1)


def test_the_time_of_writing_is_told() -> None:
    writing = Exporter(Breaking(1000, ValueError()))
    writing.write(sample(1))
    first = writing.seconds
    for step in range(2, 50):
        writing.write(sample(step))
    assert 0 < first < writing.seconds


def test_threads_may_write_at_the_same_time() -> None:
    place = Breaking(1000, ValueError())
    writing = Exporter(place)
    threads = [
        threading.Thread(target=lambda: [writing.write(sample(k)) for k in range(20)])
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(place.taken) == writing.written == 80
