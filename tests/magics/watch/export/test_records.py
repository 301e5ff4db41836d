"""Records, read by TensorBoard's own reader, and their check beside its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import crc32c as of_tensorboard

from dlmagic.magics.watch.export.records import PART, crc32c, record

SIZES = (4, 5, 8, PART - 1, PART, PART + 1, PART + 3, 5 * PART + 7)


@pytest.mark.parametrize("size", SIZES)
def test_the_check_is_that_of_tensorboard(size: int) -> None:
    data = np.random.default_rng(size).bytes(size)
    assert crc32c(data) == of_tensorboard(data)


def test_the_check_value_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_records_are_read_back(tmp_path: Path) -> None:
    written = [np.random.default_rng(size).bytes(size) for size in SIZES]
    file = tmp_path / "records"
    file.write_bytes(b"".join(map(record, written)))
    reader = PyRecordReader_New(str(file))
    read = []
    for _ in written:
        reader.GetNext()
        read.append(reader.record())
    assert read == written
