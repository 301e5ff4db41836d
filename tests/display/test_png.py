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


def test_more_colours_than_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="palette of 17"):
        palette_png(np.zeros((1, 1), int), [(0, 0, 0)] * 17)
