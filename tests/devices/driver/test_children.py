"""Children: their answers, their ends, and that none outlives the question."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dlmagic.devices.driver.children import Child, wait_for
from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.reading import Reason

HERE = str(Path(__file__).parent)


def child(what: str, deadline: float = 20.0, **environ: str) -> Child:
    situation = Situation({**os.environ, **environ}, (HERE, *sys.path))
    return Child("a_child", situation, deadline=deadline, what=what)


def alive(asked: Child) -> bool:
    return asked._process.poll() is None


def test_an_answer_among_what_is_printed() -> None:
    (answer,) = wait_for({"one": child("print", WORD="yes")}).values()
    assert answer.value == {"variable": "yes", "first": HERE}
    assert answer.printed == "a warning\n"


def test_several_at_once_each_with_its_own_end() -> None:
    asked = {name: child(name) for name in ("fine", "crash", "fail")}
    asked["sleep"] = child("sleep", deadline=1.0)
    told: list[str] = []
    answers = wait_for(asked, lambda who, seconds: told.append(who))
    assert answers["fine"].value == "fine"
    assert answers["crash"].value == Reason("it crashed (signal 6)", -6)
    assert answers["fail"].value == Reason("ValueError: no such thing", 1)
    assert answers["sleep"].value == Reason("no answer within 1 s")
    assert "sleep" in told
    assert not any(map(alive, asked.values()))


def test_an_interrupt_leaves_no_child_behind() -> None:
    asked = {"sleep": child("sleep")}

    def interrupt(who: str, seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_for(asked, interrupt)
    assert not alive(asked["sleep"])


def test_the_situation_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere/changed/later")
    here = Situation.here()
    assert here.environ["CUDA_VISIBLE_DEVICES"] == "3"
    # The loader of libraries has read it when this process was started.
    assert here.environ.get("LD_LIBRARY_PATH") != "/nowhere/changed/later"
    assert here.path == tuple(sys.path)
