"""What a page needs to know of a training that does not change."""

from __future__ import annotations

from dataclasses import asdict
from importlib import resources
from typing import Any

from dlmagic.display.live.surroundings import kernel_id
from dlmagic.magics.watch.live.measures import MEASURES
from dlmagic.magics.watch.live.watched import Watched

_SCRIPTS = ("numbers.js", "colours.js", "past.js", "map.js", "layer.js", "stopping.js", "live.js")


def about(watched: Watched) -> dict[str, Any]:
    """What is shown, as plain data; see :file:`live.js`."""
    return {
        "title": f"Training of {watched.name}",
        "model": watched.name,
        "layers": [[layer.name, layer.kind] for layer in watched.layers],
        "measures": [asdict(measure) for measure in MEASURES],
        "loss": watched.loss,
        "notes": list(watched.notes),
        "kernel": kernel_id(),
    }


def script() -> str:
    """The view's own ES module."""
    return "\n".join(_read(name) for name in _SCRIPTS)


def style() -> str:
    """The view's own CSS."""
    return _read("live.css")


def _read(name: str) -> str:
    return resources.files("dlmagic.magics.watch.live").joinpath(name).read_text("utf-8")
