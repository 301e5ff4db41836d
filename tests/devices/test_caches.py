from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlmagic.devices import caches


def listed(folder: Path, *entries: tuple[str, str]) -> Path:
    for number, (kind, size) in enumerate(entries):
        entry = folder / f"index{number}"
        entry.mkdir()
        (entry / "type").write_text(f"{kind}\n")
        (entry / "size").write_text(f"{size}\n")
    return folder


def test_the_largest_cache_for_data_is_the_last_level(tmp_path: Path) -> None:
    folder = listed(tmp_path, ("Data", "32K"), ("Instruction", "64M"), ("Unified", "32768K"))
    assert caches.last_level_bytes(folder) == 32 * 2**20


@pytest.mark.parametrize("size", ["", "many", "K"])
def test_an_entry_that_cannot_be_read_is_left_out(tmp_path: Path, size: str) -> None:
    folder = listed(tmp_path, ("Data", "48K"), ("Unified", size))
    assert caches.last_level_bytes(folder) == 48 * 2**10


def test_an_unknown_size_is_none(tmp_path: Path) -> None:
    assert caches.last_level_bytes(tmp_path / "absent") is None


def test_overwriting_writes_twice_the_cache_and_no_more_than_a_gibibyte() -> None:
    assert caches.overwritten_bytes(2**20) == 2**21
    assert caches.overwritten_bytes(2**40) == 2**30
    overwrite = caches.overwriting(2**20)
    buffer = overwrite.__closure__[0].cell_contents
    assert isinstance(buffer, np.ndarray)
    assert buffer.nbytes == 2**21
    before = buffer.copy()
    overwrite()
    assert buffer.nbytes == before.nbytes
    assert np.ptp(buffer) == 0
