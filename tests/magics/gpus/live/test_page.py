"""What a page is told beside the readings."""

from __future__ import annotations

from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.live.history import History
from dlmagic.magics.gpus.live.measured import Measured, Moment
from dlmagic.magics.gpus.live.page import about
from tests.magics.gpus.live.test_history import history_of


def test_gpus_have_three_quantities() -> None:
    told = about(history_of(3))
    assert told["title"] == "Live view of the GPUs"
    assert told["devices"] == ["GPU 0: a model"]
    assert told["quantities"] == ["memory", "utilization", "temperature"]
    assert told["note"] == ""
    assert (told["period"], told["window"]) == (1.0, 149.0)
    assert told["caption"].endswith("read every 1 s")


def test_a_machine_has_two_and_says_why_there_is_no_gpu() -> None:
    history = History(2.0)
    machine = Measured("machine", "A CPU", "machine", 1e9, 8e9, 50.0, Reason("not read"))
    history.add(0.0, Moment({"machine": machine}, Reason("this machine has no NVIDIA driver")))
    told = about(history)
    assert told["title"] == "Live view of this machine"
    assert told["quantities"] == ["memory", "utilization"]
    assert told["note"] == "No NVIDIA GPU: this machine has no NVIDIA driver."
