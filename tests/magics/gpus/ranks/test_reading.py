"""``%gpus --on``: one table for all hosts, each read once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import dlmagic
from dlmagic.cluster.engines import Engines
from dlmagic.magics.gpus.ranks import reading
from dlmagic.magics.gpus.ranks.reading import report_on, short_names
from dlmagic.magics.gpus.result import GpuReport
from tests.devices.double.boards import GIB, Board, Process

pytestmark = pytest.mark.xdist_group("cluster")


def test_engines_of_one_host_give_one_reading(engines: Engines, played) -> None:
    machine = played(Board(), Board(used=9 * GIB))
    machine.forget_calls()
    report = dlmagic.gpus(on=engines.client[:])
    assert [gpu.label for gpu in report.gpus] == ["0", "1"]
    assert len(machine.calls("nvmlInitWithFlags")) == 1
    assert [each.ranks for each in report.machines] == [(0, 1)]
    assert report.machines[0].name == engines.hosts[0]
    assert GpuReport.from_json(report.to_json()) == report
    assert "1 of 2 GPUs is free: 0" in repr(report)
    assert "Hosts of the cluster" in repr(report)


def test_engines_are_called_by_their_ranks(engines: Engines, played) -> None:
    machine = played(Board(), Board())
    machine.enter(1, Process(engines.facts[1].process, GIB))
    report = report_on(engines)
    assert report.gpus[1].why == "rank 1 computes on it"
    assert "rank 1" in repr(report).partition("Processes on the GPUs")[2]


def test_several_hosts_are_named(engines: Engines, played, monkeypatch) -> None:
    """The two engines say that they are on two machines; each then reads its own."""
    played(Board(), Board())
    facts = [replace(each, host=f"node{k}.lab") for k, each in enumerate(engines.facts)]
    apart = Engines(engines.client, engines.ids, lambda *_: facts)
    report = report_on(apart)
    # It is the same machine after all, as the UUIDs tell: nothing is counted twice.
    assert [gpu.label for gpu in report.gpus] == ["node0:0", "node0:1"]
    assert [each.name for each in report.machines] == ["node0.lab", "node1.lab"]

    told = reading.GpuReport.from_dict

    def another(data: dict) -> GpuReport:
        """As if each host had GPUs of its own."""
        found = told(data)
        gpus = (replace(each, uuid=f"GPU-{id(data)}-{each.index}") for each in found.gpus)
        return replace(found, gpus=tuple(gpus))

    monkeypatch.setattr(reading.GpuReport, "from_dict", another)
    shown = repr(report_on(apart))
    assert "4 of 4 GPUs are free: node0:0, node0:1, node1:0 and node1:1." in shown


def test_names_are_short_where_they_stay_apart() -> None:
    assert short_names(["a.x"]) == {"a.x": ""}
    assert short_names(["a.x", "a.y"]) == {"a.x": "a.x", "a.y": "a.y"}


def test_without_gpus_the_hosts_are_told(engines: Engines) -> None:
    report = report_on(engines)
    if report.gpus:
        pytest.skip("this machine has a GPU")
    assert report.missing in repr(report)
    assert report.machines[0].host.processor in repr(report)


def test_the_option_and_what_it_is_not_for(
    loaded: InteractiveShell, engines: Engines, played
) -> None:
    played(Board())
    loaded.user_ns["view"] = engines.client[:]
    assert loaded.run_line_magic("gpus", "--on view").machines
    with pytest.raises(UsageError, match="--on is for %gpus, %gpus pick and %gpus release"):
        loaded.run_line_magic("gpus", "check torch --on view")
    with pytest.raises(UsageError, match=r"no view called veiw\. Did you mean view"):
        loaded.run_line_magic("gpus", "--on veiw")
