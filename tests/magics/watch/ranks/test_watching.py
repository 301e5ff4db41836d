"""``%watch --on``: every engine watches its own model, and the notebook has all of it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import torch
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from torch import nn

import dlmagic
from dlmagic.cluster.engines import Engines
from dlmagic.cluster.process_group import init_torch
from dlmagic.cluster.there import stuck
from dlmagic.magics.watch.ranks import watcher
from dlmagic.magics.watch.result import WatchResult

pytestmark = pytest.mark.xdist_group("cluster")


def run(engines: Engines, code: str) -> None:
    engines.client[:].execute(code, block=True)


def test_all_ranks_are_one_training(training: Engines) -> None:
    """Of the first step, where weights are the same, as if one process had all data."""
    with dlmagic.watch("net", on=training.client[:], every=1, exact=True, loss="loss") as session:
        run(training, "train(6, x, y)")
    result = session.result()
    assert (result.steps, result.samples) == (6, 6)
    assert result.framework == "torch"
    assert result.kind == "Sequential"
    assert [(each.rank, each.steps, each.samples) for each in result.ranks] == [
        (0, 6, 6),
        (1, 6, 6),
    ]
    assert result.rank_count == 2
    assert len(result.losses.values) == 6
    assert result.ended == "stopped"
    assert WatchResult.from_json(result.to_json()) == result

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
    shares = []
    for rank in range(2):
        torch.manual_seed(1 + rank)
        shares.append((torch.randn(32, 8), torch.randint(2, (32,))))
    hidden = torch.relu(net[0](torch.cat([x for x, _ in shares])))
    wanted = {
        "mean": hidden.mean(),
        "std": hidden.std(correction=0),
        "max": hidden.max(),
        "zeros": (hidden == 0).float().mean(),
        "norm": hidden.norm(),
    }
    for statistic, value in wanted.items():
        course = result.history("1", statistic, "activation")
        assert course.values[0] == pytest.approx(value.item(), rel=5e-4), statistic
    weight = result.history("0.weight", "norm", "weight")
    assert weight.values[0] == pytest.approx(net[0].weight.norm().item(), rel=5e-4)
    first = result.losses.values[0]
    loss = nn.functional.cross_entropy(net(shares[0][0]), shares[0][1]).item()
    assert first == pytest.approx(loss, rel=1e-5)  # that of rank 0


def test_copies_that_go_apart_are_told(training: Engines) -> None:
    with dlmagic.watch("net", on=training.client[:], every=1) as session:
        run(training, "train(3, x, y)")
    (finding,) = (each for each in session.findings if each.kind == "ranks-apart")
    assert finding.message.startswith("At step 2, 0.weight of net is not the same on all ranks")
    assert finding.level == "hint"


def test_a_group_of_ranks_and_a_nan_of_one(training: Engines) -> None:
    """With DDP the NaN of one rank reaches the weights of all; the one who made it is named."""
    with init_torch(training.client[:]):
        run(
            training,
            "from torch.nn.parallel import DistributedDataParallel as DDP\n"
            "torch.manual_seed(0)\nnet = DDP(nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 2)))\n"
            "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)",
        )
        session = dlmagic.watch("net", on=training.client[:], every=1)
        run(training, "train(4, x, y)")
        assert not [each for each in session.findings if each.kind == "ranks-apart"]
        run(training, "if rank == 1:\n    x[3, 2] = float('nan')\ntrain(2, x, y)")
        result = session.stop()
    finding = result.findings[0]
    assert finding.kind == "not-finite"
    assert finding.message.startswith("At step 5, on rank 1, the batch that the model was called")
    assert finding.ranks == (1,)
    assert [each.kind for each in result.findings].count("not-finite") == 1


def test_parts_of_a_model_are_put_together(training: Engines) -> None:
    """FSDP: each rank has a half of every parameter."""
    with init_torch(training.client[:]):
        run(
            training,
            "from torch.distributed.fsdp import fully_shard\n"
            "from torch.distributed.device_mesh import init_device_mesh\n"
            "norm = net[0].weight.norm().item()\n"
            "fully_shard(net, mesh=init_device_mesh('cpu', (2,)))\n"
            "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)",
        )
        session = dlmagic.watch("net", on=training.client[:], every=1, exact=True)
        run(training, "train(2, x, y)")
        session.choose("0")
        run(training, "train(2, x, y)")
        result = session.stop()
    assert (result.steps, result.samples) == (4, 4)
    weight = result.history("0.weight", "norm", "weight")
    assert weight.values[0] == pytest.approx(training.client[training.ids[0]]["norm"], rel=1e-3)
    assert {row.layer for row in session.past.present} == {"0"}
    assert "all parts together" in " ".join(result.notes)
    assert not [each for each in result.findings if each.kind == "ranks-apart"]


def wait_for(door: Path) -> None:
    """Wait until a cell has made this file, and a moment for what it does next."""
    until = time.monotonic() + 60
    while not door.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)


def test_stop_interrupts_all_ranks(training: Engines) -> None:
    session = dlmagic.watch("net", on=training.client[:], every=1)
    under_way = training.client[:].execute("train(1_000_000, x, y)", block=False)
    until = time.monotonic() + 20
    while session.steps < 5 and time.monotonic() < until:
        time.sleep(0.05)
    session.wish.ask("Stop was pressed")  # as the live view does
    with pytest.raises(Exception, match="KeyboardInterrupt"):
        under_way.get(timeout=20)
    assert session.stop().steps >= 5


def test_a_rank_that_waits_for_another_is_freed(training: Engines, tmp_path: Path) -> None:
    """One is interrupted before a collective, in which the other waits for it already."""
    cell = f"""import pathlib, time
net_of_all = nn.parallel.DistributedDataParallel(net)
for step in range(3):
    net_of_all(x).mean().backward()
if rank == 0:
    pathlib.Path({str(tmp_path / "door")!r}).touch()
    time.sleep(100)
net_of_all(x).mean().backward()"""
    with init_torch(training.client[:], timeout=100):
        session = dlmagic.watch("net", on=training.client[:], every=1)
        under_way = training.client[:].execute(cell, block=False)
        wait_for(tmp_path / "door")
        asked = time.monotonic()
        session.wish.ask("Stop was pressed")
        with pytest.raises(Exception, match="KeyboardInterrupt"):
            under_way.get(timeout=60)
        assert time.monotonic() - asked < stuck.PATIENCE + 5
        notes = session.stop().notes
    assert [note for note in notes if note.startswith("On rank 1, the cell waited for another")]
    assert "rank 0" not in " ".join(notes)
    with init_torch(training.client[:]):  # and the ranks can work together again
        run(training, "torch.distributed.barrier()")


def test_what_runs_in_python_is_not_cut_off(training: Engines, tmp_path: Path) -> None:
    """Who catches the interrupt and goes on has heard it, and an idle rank has nothing to hear."""
    cell = f"""
try:
    pathlib.Path({str(tmp_path / "door")!r}).touch()
    end = time.monotonic() + 60
    while rank == 0 and time.monotonic() < end:
        sum(range(1000))
except KeyboardInterrupt:
    time.sleep(1)
torch.distributed.barrier()"""
    run(training, "import pathlib, time")
    with init_torch(training.client[:]):
        session = dlmagic.watch("net", on=training.client[:], every=1)
        first = training.client[training.ids[0]].execute(cell, block=False)
        wait_for(tmp_path / "door")
        session.wish.ask("Stop was pressed")
        time.sleep(stuck.PATIENCE + 0.5)
        second = training.client[training.ids[1]].execute(cell, block=False)
        first.get(timeout=20)
        second.get(timeout=20)
        assert not [note for note in session.stop().notes if "interrupt" in note]


def test_a_group_of_the_user_is_left_to_its_timeout(training: Engines, tmp_path: Path) -> None:
    run(
        training,
        "import pathlib, time, torch.distributed as dist\n"
        "from datetime import timedelta\n"
        f"dist.init_process_group('gloo', 'file://{tmp_path}/meeting', rank=rank, world_size=2,\n"
        f"                        timeout=timedelta(seconds={stuck.PATIENCE + 6}))",
    )
    session = dlmagic.watch("net", on=training.client[:], every=1)
    cell = f"""if rank == 0:
    pathlib.Path({str(tmp_path / "door")!r}).touch()
    time.sleep(100)
dist.barrier()"""
    under_way = training.client[:].execute(cell, block=False)
    wait_for(tmp_path / "door")
    session.wish.ask("Stop was pressed")
    with pytest.raises(Exception, match="KeyboardInterrupt"):
        under_way.get(timeout=30)
    run(training, "dist.destroy_process_group()")
    notes = " ".join(session.stop().notes)
    assert "On rank 1, the cell did not react to the interrupt for 5 seconds" in notes


def test_what_is_wrong_on_one_rank_names_it(training: Engines) -> None:
    run(training, "if rank == 1:\n    optimizer.param_groups[0]['lr'] = 30.0")
    with dlmagic.watch("net", on=training.client[:], every=1) as session:
        run(training, "train(12, x, y)")
    found = {each.kind: each for each in session.findings}
    finding = found["update-too-large"]
    assert finding.message.startswith("On rank 1: At step ")
    assert finding.ranks == (1,)
    assert finding.operands
    assert "On rank 1" in repr(session.result())


def test_an_engine_that_dies_is_said(training: Engines) -> None:
    session = dlmagic.watch("net", on=training.client[:], every=1)
    run(training, "train(3, x, y)")
    until = time.monotonic() + 10
    while session.result().ranks[1].steps < 3 and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(training.facts[1].process, signal.SIGKILL)
    until = time.monotonic() + 20
    while len(training.client.ids) > 1 and time.monotonic() < until:
        time.sleep(0.05)
    training.client[training.ids[0]].execute("train(4, x, y)", block=True)
    result = session.stop()
    assert result.steps == 7
    assert result.last == 7
    assert result.ranks[1].lost == "its engine ended"
    assert "Rank 1 on" in " ".join(result.notes)
    assert "told no more after 3 steps, as its engine ended." in " ".join(result.notes)
    assert "its engine ended" in repr(result).partition("Ranks")[2]


def test_begun_again_and_ended(loaded: InteractiveShell, training: Engines) -> None:
    loaded.user_ns["view"] = training.client[:]
    first = loaded.run_line_magic("watch", "net --every 2 --on view")
    again = loaded.run_line_magic("watch", "net --every 1 --on view")
    assert first.result().ended == "it was watched again"
    assert [each.model for each in loaded.run_line_magic("watch", "").models] == ["net"]
    again.pause()
    run(training, "train(2, x, y)")
    again.resume()
    again.choose("2")
    run(training, "train(2, x, y)")
    result = loaded.run_line_magic("unwatch", "net")
    assert result.samples == 2
    assert result.points[0] == 3
    assert {row.layer for row in result.rows} == {"2"}
    run(training, "assert not net._forward_hooks and not net._forward_pre_hooks")


def test_a_busy_engine_is_not_interrupted(training: Engines, monkeypatch) -> None:
    monkeypatch.setattr(watcher, "_LAST_WORDS", 0.5)
    session = dlmagic.watch("net", on=training.client[:], every=1)
    under_way = training.client[:].execute("import time; time.sleep(2); done = 1", block=False)
    result = session.stop()
    assert "Rank 0 was busy when it was unwatched" in " ".join(result.notes)
    under_way.get(timeout=20)
    run(training, "assert done == 1 and not net._forward_hooks")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("net --stop-on nan --on view", "--stop-on is not for several ranks"),
        ("nte --on view", "There is no name nte. Did you mean net"),
        ("x --on view", "x is a Tensor, not a model"),
        ("net --layers nothing --on view", "nothing"),
        ("--on view", "Which model is to be watched so"),
    ],
)
def test_slips_get_one_line(
    loaded: InteractiveShell, training: Engines, line: str, words: str
) -> None:
    loaded.user_ns["view"] = training.client[:]
    with pytest.raises(UsageError, match=words):
        loaded.run_line_magic("watch", line)
    with pytest.raises(dlmagic.InputError, match="as a text"):
        dlmagic.watch(nn.Linear(1, 1), on=training.client[:])
    with pytest.raises(UsageError, match="%%px"):
        loaded.run_cell_magic("watch", "net --on view", "pass")
    with pytest.raises(UsageError, match="No model is watched"):
        loaded.run_line_magic("unwatch", "")
