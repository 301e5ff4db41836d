"""Event files, read back with TensorBoard's own reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dlmagic.errors import InputError, MissingPackageError
from dlmagic.magics.watch.export import tensorboard_folder
from dlmagic.magics.watch.export.exporter import exporter
from tests.magics.watch.export.samples import ROWS, counted, sample, values_of

NAME = "gradient/0.linear.weight"
ROW = 2

FULL = """
import resource, sys
from dlmagic.magics.watch.export.exporter import exporter
from tests.magics.watch.export.samples import sample
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
writing = exporter("tensorboard:" + sys.argv[1])
for step in range(1, 100):
    writing.write(sample(step))
print(writing.written, *writing.notes(), sep="|")
writing.close()
"""
NO_FRAMEWORK = """
import sys
from dlmagic.magics.watch.export.exporter import exporter
from tests.magics.watch.export.samples import sample
writing = exporter("tensorboard:" + sys.argv[1])
writing.write(sample(1))
writing.close()
print(writing.written, {"torch", "tensorflow", "jax"} & set(sys.modules))
"""


def read(folder: Path) -> EventAccumulator:
    """All events of a folder; nothing is left out."""
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    found.Reload()
    return found


def python(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[4],
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_numbers_are_read_back(tmp_path: Path) -> None:
    writing = exporter(f"tensorboard:{tmp_path}")
    for step in (1, 11, 21):
        writing.write(sample(step))
        writing.write_loss(step, 1 / step)
    writing.close()
    events = read(tmp_path)
    norms = events.Scalars(f"dlmagic-{NAME}".replace("gradient", "gradient-norm"))
    assert [(each.step, each.value) for each in norms] == [
        (step, sample(step).column("norm")[ROW]) for step in (1, 11, 21)
    ]
    losses = [(each.step, each.value) for each in events.Scalars("dlmagic/loss")]
    assert losses == [(step, pytest.approx(1 / step)) for step in (1, 11, 21)]


def test_histograms_are_read_back(tmp_path: Path) -> None:
    writing = exporter(f"tensorboard:{tmp_path}")
    writing.write(sample(5))
    writing.close()
    (event,) = read(tmp_path).Histograms(f"dlmagic-{NAME}")
    values, found = values_of(ROWS, 5)[ROW], event.histogram_value
    assert event.step == 5
    assert found.num == len(values) == sum(found.bucket)
    assert found.sum == pytest.approx(values.sum(), rel=1e-4)
    assert found.sum_squares == pytest.approx((values**2).sum(), rel=1e-4)
    assert (found.min, found.max) == pytest.approx((values.min(), values.max()))
    below = [int((values < edge).sum()) for edge in found.bucket_limit]
    assert np.cumsum(found.bucket).tolist() == below
    assert counted(values).sum() == found.num


def test_a_folder_with_events_of_others_gets_a_run_beside_theirs(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1.user").write_bytes(b"")
    first, second = exporter(f"tensorboard:{tmp_path}"), exporter(f"tensorboard:{tmp_path}")
    assert first.where == f"tensorboard --logdir {tmp_path / 'dlmagic'}"
    assert second.where == f"tensorboard --logdir {tmp_path / 'dlmagic-2'}"
    first.close()
    second.close()


def test_without_a_folder_there_is_a_new_one_in_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    writing = exporter("tensorboard")
    writing.write(sample(1))
    writing.close()
    (folder,) = (tmp_path / "runs").iterdir()
    assert read(folder).Tags()["histograms"]
    assert writing.where == f"tensorboard --logdir {folder.relative_to(tmp_path)}"


def test_a_full_disk_becomes_one_note_and_what_was_written_before_is_read(tmp_path: Path) -> None:
    written, note = python(FULL, tmp_path).split("|")
    assert note == "Nothing more is written to TensorBoard: File too large."
    steps = [each.step for each in read(tmp_path).Histograms(f"dlmagic-{NAME}")]
    assert steps == list(range(1, int(written) + 1))
    assert 1 < len(steps) < 99


def test_a_deleted_folder_becomes_one_note(tmp_path: Path) -> None:
    writing = exporter(f"tensorboard:{tmp_path / 'run'}")
    writing.write(sample(1))
    for file in (tmp_path / "run").iterdir():
        file.unlink()
    (tmp_path / "run").rmdir()
    for step in (2, 3):
        writing.write(sample(step))
        writing.write_loss(step, 0.5)
    writing.close()
    assert writing.notes() == ("Nothing more is written to TensorBoard: its file was deleted.",)
    assert writing.written == 1


def test_a_folder_that_cannot_be_one_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match=r"file' cannot be written to: .*--to tensorboard:FOLDER"):
        exporter(f"tensorboard:{tmp_path / 'file'}")


def test_no_framework_is_imported(tmp_path: Path) -> None:
    assert python(NO_FRAMEWORK, tmp_path) == "1 set()"


def test_without_tensorboard_the_install_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensorboard_folder._messages.cache_clear()
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(MissingPackageError, match=r"pip install tensorboard$"):
        exporter(f"tensorboard:{tmp_path}")
    assert not list(tmp_path.iterdir())
