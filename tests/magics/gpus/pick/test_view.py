"""A pick reads well as text of 80 columns and as HTML, and both say the same."""

from __future__ import annotations

from dlmagic import pick_gpus
from dlmagic.magics.gpus.pick.words import lasting, ordinal
from tests.devices.double.boards import Board


def test_one_gpu(eight) -> None:
    text = repr(pick_gpus())
    assert text.splitlines()[0] == "Picked GPU 7, NVIDIA H100 80GB HBM3: use `cuda:0`."
    assert "`CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=7`" in text
    assert "nobody else can pick it with dlmagic" in text


def test_several(machine) -> None:
    machine(*[Board() for _ in range(3)])
    pick = pick_gpus(3)
    text = repr(pick)
    assert text.startswith("Picked GPU 0, GPU 1 and GPU 2: use `cuda:0`, `cuda:1` and `cuda:2`.")
    assert "there is no other" in text
    assert max(map(len, text.splitlines())) <= 80
    html = pick._repr_mimebundle_()["text/html"]
    assert html.count('<th scope="row">') == 3
    assert "<script" not in html


def test_what_was_given_back(eight) -> None:
    pick = pick_gpus(2)
    told = pick.release()
    assert repr(pick) == "GPU 6 and GPU 7 have been given back."
    assert repr(told).splitlines() == [
        "Gave GPU 6 and GPU 7 back: others can take them.",
        "As before: `CUDA_DEVICE_ORDER` is not set.",
        "As before: `CUDA_VISIBLE_DEVICES` is not set.",
    ]


def test_times_and_places_in_words() -> None:
    assert [lasting(each) for each in (0, 42, 600, 7500, 90061)] == [
        "0 s",
        "42 s",
        "10 min",
        "2 h 5 min",
        "1 d 1 h",
    ]
    assert [ordinal(each) for each in (1, 2, 3, 4, 11, 22)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "22nd",
    ]
