"""Questions in turn, and what happens when one of them does not come back."""

from __future__ import annotations

import threading
import time

import pytest

from dlmagic.devices.deadline import Question, ask_all


def asked(*questions: Question, patience: float = 1.0, deadline: float = 5.0) -> list:
    ask_all(questions, patience=patience, deadline=deadline)
    return [question.answer for question in questions]


def test_all_are_answered_by_one_thread_in_order() -> None:
    seen: list[tuple[int, int]] = []

    def note(number: int) -> int:
        seen.append((number, threading.get_ident()))
        return number * 10

    questions = [Question(lambda number=number: note(number)) for number in range(5)]
    assert asked(*questions) == [0, 10, 20, 30, 40]
    assert [number for number, _ in seen] == [0, 1, 2, 3, 4]
    assert len({thread for _, thread in seen}) == 1
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_no_questions_are_no_wait() -> None:
    assert asked() == []


def test_one_that_hangs_does_not_keep_the_others_from_answering() -> None:
    release = threading.Event()
    questions = [Question(lambda: 1), Question(release.wait), Question(lambda: 3)]
    begun = time.monotonic()
    assert asked(*questions, patience=0.1, deadline=0.4) == [1, None, 3]
    assert 0.3 < time.monotonic() - begun < 2
    assert [question.answered for question in questions] == [True, False, True]
    release.set()
    assert questions[1].wait(5)
    assert questions[1].answer is True


def test_a_late_answer_within_the_deadline_counts() -> None:
    questions = [Question(lambda: time.sleep(0.3) or "late"), Question(lambda: "soon")]
    assert asked(*questions, patience=0.1) == ["late", "soon"]


def test_an_error_is_raised_where_the_answer_is_wanted() -> None:
    question = Question(lambda: 1 / 0)
    ask_all([question], patience=1, deadline=1)
    with pytest.raises(ZeroDivisionError):
        question.answer  # noqa: B018 - to look at it is what raises
