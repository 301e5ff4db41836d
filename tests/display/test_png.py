"""Pictures with a palette, read back by another program."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dlmagic.display.png import palette_png

PALETTE = [(k * 17, 255 - k * 17, k) for k in range(16)]


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (300, 240), (5, 8)])
def test_every_pixel_has_its_colour(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 16, shape)
    with Image.open(io.BytesIO(palette_png(pixels, PALETTE))) as picture:
        found = np.asarray(picture.convert("RGB"))
    assert np.array_equal(found, np.array(PALETTE)[pixels])


@pytest.mark.parametrize("clear", [0, 3, 15])
def test_one_colour_may_be_left_out(clear: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 16, (5, 8))
    with Image.open(io.BytesIO(palette_png(pixels, PALETTE, clear))) as picture:
        found = np.asarray(picture.convert("RGBA"))
    assert np.array_equal(found[..., 3], np.where(pixels == clear, 0, 255))
    assert np.array_equal(found[..., :3], np.array(PALETTE)[pixels])


def test_more_colours_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="palette of 17"):
        palette_png(np.zeros((1, 1), int), [(0, 0, 0)] * 17)
