"""What a live view leaves in a notebook: the same in text and HTML, and never too much."""

from __future__ import annotations

import re
from html import unescape

import pytest

from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.live.history import History
from dlmagic.magics.gpus.live.measured import Measured, Moment
from dlmagic.magics.gpus.live.result import GpuHistory


def history(
    gpus: int = 2, readings: int = 40, ended: str = "stopped", **fields: object
) -> GpuHistory:
    made = History(2.0)
    for k in range(readings):
        devices = [
            Measured(
                f"GPU {n}",
                f"GPU {n}: <b>model</b>",
                "GPU",
                memory=1e9 * (k + 1),
                memory_total=80e9,
                utilization=100 if k < 20 else 0,
                temperature=Reason("the sensor is broken"),
            )
            for n in range(gpus)
        ]
        made.add(2.0 * k, Moment({each.key: each for each in devices}))
    return made.result(ended, **fields)


def test_numbers_and_course_are_shown() -> None:
    text = repr(history())
    assert "40 readings of 2 GPUs over 78 s." in text
    assert re.search(r"GPU 0: <b>model</b> +1.00 GB +20.5 GB +40.0 GB +80.0 GB +▁+▂+▃+▄+\n", text)
    assert re.search(r"GPU 0: <b>model</b> +0 % +50 % +100 % +█{10}▁{10}\n", text)


def test_what_is_unknown_is_a_dash_and_its_reason_is_said_once() -> None:
    text = repr(history(8))
    assert text.count("the sensor is broken") == 1
    assert "temperature and 6 more: the sensor is broken." in " ".join(text.split())
    assert re.search(r"GPU 7: <b>model</b> +– +– +–\n", text)


def test_text_and_html_say_the_same() -> None:
    result = history()
    markup = re.sub(r"<style>.*?</style>", "", result._repr_html_form(), flags=re.DOTALL)
    shown = unescape(re.sub(r"<[^>]+>", " ", markup))
    words = set(re.findall(r"\w+", repr(result)))
    assert words - set(re.findall(r"\w+", shown)) == set()


def test_html_is_a_table_that_escapes_names() -> None:
    markup = history()._repr_html_form()
    assert "<b>" not in markup
    assert "<caption>" in markup
    assert 'scope="row"' in markup
    assert "<script" not in markup


@pytest.mark.parametrize("gpus", [8, 64])
def test_it_is_small(gpus: int) -> None:
    result = history(gpus, readings=500)
    assert len(result._repr_html_form().encode()) <= 50_000
    if gpus == 64:
        assert "And 24 devices more; .devices has them all." in repr(result)


def test_one_that_goes_on_says_so_and_one_that_was_ended_says_why() -> None:
    assert "over 78 s, so far." in repr(history(ended=""))
    assert "over 78 s; the kernel ended." in repr(history(ended="the kernel ended"))
    assert "1 reading of 1 GPU, so far." in repr(history(1, 1, ""))
    assert "Nothing has been read yet." in repr(GpuHistory())


def test_a_machine_without_a_gpu_says_why() -> None:
    made = History(1.0)
    machine = Measured("machine", "A CPU", "machine", 1e9, 8e9, 50.0, Reason("not read"))
    made.add(0.0, Moment({"machine": machine}, Reason("this machine has no NVIDIA driver")))
    text = repr(made.result("stopped"))
    assert "1 reading of this machine." in text
    assert "No NVIDIA GPU: this machine has no NVIDIA driver." in text
    assert "Temperature" not in text
