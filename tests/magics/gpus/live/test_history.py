"""Readings of any number, kept in memory of a fixed size."""

from __future__ import annotations

import pytest

from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.live.history import MOST_NEWS, MOST_POINTS, History
from dlmagic.magics.gpus.live.measured import Measured, Moment
from dlmagic.magics.gpus.live.result import GpuHistory

BROKEN = Reason("the sensor is broken")


def gpu(use: float, temperature: float | Reason = 40, key: str = "GPU 0") -> Measured:
    return Measured(key, f"{key}: a model", "GPU", 2e9, 8e9, use, temperature)


def moment(*devices: Measured) -> Moment:
    return Moment({each.key: each for each in devices})


def history_of(count: int) -> History:
    history = History(1.0)
    for k in range(count):
        history.add(100.0 + k, moment(gpu(k % 10)))
    return history


@pytest.mark.parametrize("count", [0, 1, MOST_POINTS - 1, MOST_POINTS, 1000, 10_001])
def test_the_numbers_are_of_all_readings_however_few_points_are_kept(count: int) -> None:
    result = history_of(count).result()
    assert result.readings == count
    assert len(result.times) <= MOST_POINTS
    for device in result.devices:
        course = device.utilization
        assert len(course.values) == len(result.times)
        assert (course.least, course.most) == (0, min(count - 1, 9))
        assert course.mean == pytest.approx(sum(k % 10 for k in range(count)) / count)
        assert course.last == (count - 1) % 10


def test_points_are_means_of_as_many_readings_each() -> None:
    result = history_of(MOST_POINTS * 2).result()
    assert result.times[:3] == (0, 4, 8)
    assert result.devices[0].utilization.values[:3] == (1.5, 5.5, (8 + 9 + 0 + 1) / 4)


def test_what_failed_is_a_gap_with_its_reason() -> None:
    history = history_of(2)
    history.add(102.0, moment(gpu(5, BROKEN)))
    course = history.result().devices[0].temperature
    assert course.values == (40, 40, None)
    assert (course.last, course.why, course.most) == (None, "the sensor is broken", 40)
    assert history.news[-1]["values"][0][3] == "the sensor is broken"


def test_a_device_that_comes_later_has_no_values_before_and_one_that_goes_none_after() -> None:
    history = history_of(2)
    assert history.add(102.0, moment(gpu(5), gpu(7, key="GPU 1")))
    assert not history.add(103.0, moment(gpu(7, key="GPU 1")))
    first, second = history.result().devices
    assert second.utilization.values == (None, None, 7, 7)
    assert first.utilization.values == (0, 1, 5, None)
    assert "not listed any more" in first.utilization.why
    assert history.news[-1]["values"][0] is None


def test_a_page_gets_the_newest_only() -> None:
    news = history_of(1000).news
    assert len(news) == MOST_NEWS
    assert news[-1] == {"at": 999.0, "values": [[2e9, 8e9, 9, 40]]}


def test_a_result_can_be_saved() -> None:
    history = history_of(1000)
    history.add(2000.0, moment(gpu(5, BROKEN)))
    result = history.result("stopped")
    assert GpuHistory.from_json(result.to_json()) == result
    assert result["GPU 0"] is result["GPU 0: a model"]
    with pytest.raises(KeyError):
        result["GPU 7"]
