"""Saved results: written whole or not at all, and never mistaken for what they are not."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.errors import InputError, ResultFormatError
from dlmagic.magics.bench import baseline_file
from dlmagic.magics.bench.baseline_result import Input, Provenance, TimedCode
from dlmagic.magics.bench.result import BenchResult
from tests.magics.bench.examples import faster, reference, result

PROVENANCE = Provenance(
    cell="0123456789abcdef",
    arms={"eager": TimedCode("1", "", "as written", ("x",))},
    inputs=(Input("x", "Tensor", (2, 3), "float32", "cpu", form="a", content="b"),),
    yardstick=((1e-3, 1.1e-3), (1.2e-3,)),
)
SAVED = result(reference(rounds=4), faster(rounds=4), provenance=PROVENANCE)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "base.json"
    baseline_file.write(path, SAVED)
    return path.read_bytes()


def unsealed(saved: BenchResult) -> BenchResult:
    assert saved.provenance is not None
    assert saved.provenance.checksum
    return replace(saved, provenance=replace(saved.provenance, checksum=""))


def loaded(data: bytes, folder: Path) -> BenchResult:
    path = folder / "damaged.json"
    path.write_bytes(data)
    return baseline_file.read(str(path))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "base line 'one'.json"
    baseline_file.write(path, SAVED)
    assert unsealed(baseline_file.read(str(path))) == SAVED
    assert unsealed(BenchResult.from_json(path.read_text())) == SAVED
    assert list(tmp_path.iterdir()) == [path]
    data = json.loads(path.read_text("ascii"))
    assert data["schema"] == BenchResult.schema
    assert data["provenance"]["arms"]["eager"]["code"] == "1"


@given(st.data())
def test_a_file_cut_anywhere_is_refused(
    written: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(written) - 2))  # without the line break it is whole
    with pytest.raises(ResultFormatError, match="is not a baseline") as caught:
        loaded(written[:length], tmp_path_factory.getbasetemp())
    assert "\n" not in str(caught.value)


@given(st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(
    written: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(written) - 1))
    value = data.draw(st.integers(0, 255))
    changed = written[:place] + bytes([value]) + written[place + 1 :]
    try:
        found = loaded(changed, tmp_path_factory.getbasetemp())
    except ResultFormatError as problem:
        assert "\n" not in str(problem)  # noqa: PT017 - either outcome is right
    else:
        assert unsealed(found) == SAVED


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not strict JSON"),
        (b"[1, 2]", "not a saved BenchResult"),
        (b'{"cells": []}', "not a saved BenchResult"),
        (b"\xff\xfe\xfa", "not strict JSON"),
        ("naïve".encode("latin-1"), "not strict JSON"),
        (b"\x80\x04\x95\x0e", "not strict JSON"),  # a pickle
        (json.dumps({**SAVED.to_dict(), "schema": 99}).encode(), "newer dlmagic"),
        (json.dumps({**SAVED.to_dict(), "arms": 1}).encode(), "damaged"),
        (b"0" * (baseline_file.MOST_BYTES + 1), "more than 20 MB"),
    ],
)
def test_what_is_none_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ResultFormatError, match=words) as caught:
        loaded(content, tmp_path)
    assert "\n" not in str(caught.value)
    assert "damaged.json" in str(caught.value)


def test_a_file_of_100_mb_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ResultFormatError, match="more than 20 MB"):
        baseline_file.read(str(path))


@pytest.mark.parametrize("name", ["absent.json", "absent/base.json", ".", "\0"])
def test_what_is_no_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        baseline_file.read(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        baseline_file.read(str(tmp_path / "pipe"))
    with pytest.raises(InputError, match="not a regular file"):
        baseline_file.check_target(str(tmp_path / "pipe"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        baseline_file.read(str(path))
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        baseline_file.check_target(str(tmp_path / "other.json"))
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".", "is a folder"),
        ("absent/base.json", "there is no folder"),
        ("n" * 300, "cannot be written"),
        ("\0", "names no file"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_ahead(
    tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        baseline_file.check_target(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_names_are_relative_and_a_tilde_is_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert baseline_file.check_target("~/a b.json") == tmp_path / "a b.json"
    assert baseline_file.check_target("a b.json") == tmp_path / "a b.json"


def test_a_file_that_is_replaced_keeps_its_link_and_its_permissions(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    baseline_file.write(baseline_file.check_target(str(link)), SAVED)
    assert link.is_symlink()
    assert unsealed(baseline_file.read(str(real))) == SAVED
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "any").write_text("")
    baseline_file.write(tmp_path / "base.json", SAVED)
    assert (tmp_path / "base.json").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    path.mkdir()
    (path / "kept").write_text("")
    with pytest.raises(OSError, match="directory"):
        baseline_file.write(path, SAVED)
    assert [p.name for p in tmp_path.iterdir()] == ["base.json"]
    assert (path / "kept").exists()
