"""Maps of many rows over time."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from dlmagic.display.heat_map import Band, heat_maps, scale_of
from dlmagic.display.parts import Picture

SVG = "{http://www.w3.org/2000/svg}"


def picture(values: np.ndarray, names: list[str] | None = None) -> Picture:
    names = names or [f"layer {k}" for k in range(len(values))]
    return heat_maps([Band("Norm", names, values)], begins="step 1", ends="step 9", alt="Norms.")


def pixels(drawn: Picture) -> np.ndarray:
    """The map's colours as numbers."""
    data = re.search(r"data:image/png;base64,([^\"]+)", drawn.svg)
    assert data is not None
    with Image.open(io.BytesIO(base64.b64decode(data[1]))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_more_is_darker() -> None:
    shades = pixels(picture(np.logspace(-4, 0, 9)[None]))[0].sum(axis=1)
    assert (np.diff(shades) <= 0).all()
    assert shades[0] > shades[-1] + 300


def test_what_broke_is_red_and_what_is_unknown_is_pale() -> None:
    red, pale, usual = pixels(picture(np.array([[np.inf, np.nan, 1.0]])))[0]
    assert red[0] > 200
    assert red[1:].max() < 80
    assert pale.min() > 240
    assert usual.min() < 200


def test_it_is_a_document_of_its_own_that_refers_to_nothing_outside() -> None:
    drawn = picture(np.ones((3, 4)))
    root = ElementTree.fromstring(drawn.svg)
    assert root.find(f"{SVG}rect") is not None
    assert not re.search(r"<script|url\(|http://(?!www\.w3\.org)", drawn.svg)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"Norm", "layer 0", "layer 2", "step 1", "step 9"} <= set(texts)


def test_of_many_names_so_many_are_written_as_can_be_read() -> None:
    root = ElementTree.fromstring(picture(np.ones((300, 10))).svg)
    places = [float(e.get("y", "")) for e in root.iter(f"{SVG}text") if "layer" in (e.text or "")]
    assert 10 < len(places) < 40
    assert min(np.diff(places)) >= 12


def test_a_hostile_name_is_escaped() -> None:
    drawn = picture(np.ones((1, 2)), ["</text><script>alert(1)</script>"])
    ElementTree.fromstring(drawn.svg)
    assert "<script>" not in drawn.svg


@pytest.mark.parametrize("values", [np.zeros((2, 3)), np.full((2, 3), np.nan), np.ones((1, 1))])
def test_it_can_be_drawn_where_there_is_little_to_tell_apart(values: np.ndarray) -> None:
    low, high = scale_of(values)
    assert high - low == 2
    picture(values)


def test_300_layers_over_120_points_are_small() -> None:
    walks = np.exp(np.cumsum(np.random.default_rng(0).normal(size=(300, 120)) * 0.2, 1))
    assert len(picture(walks).svg) < 40_000
