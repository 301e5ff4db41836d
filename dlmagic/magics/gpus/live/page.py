"""What a page needs to know of a live view beside the readings."""

from __future__ import annotations

from typing import Any

from dlmagic.display.units import seconds
from dlmagic.magics.gpus.live.history import MOST_NEWS, History
from dlmagic.magics.gpus.live.measured import QUANTITIES


def about(history: History) -> dict[str, Any]:
    """What is shown, as plain data; see :file:`live.js`."""
    window = (MOST_NEWS - 1) * history.period
    return {
        "title": _title(history),
        "caption": f"The newest reading, and a curve of up to {seconds(window, digits=2)}; "
        f"read every {history.period:g} s",
        "period": history.period,
        "window": window,
        "devices": history.names(),
        "quantities": _quantities(history),
        "note": _note(history),
    }


def _title(history: History) -> str:
    kinds = {each.kind for each in history.latest.values()}
    return "Live view of this machine" if kinds <= {"machine"} else "Live view of the GPUs"


def _quantities(history: History) -> list[str]:
    """Of the machine itself, no temperature is read."""
    only_machine = all(each.kind == "machine" for each in history.latest.values())
    return [name for name in QUANTITIES if not (only_machine and name == "temperature")]


def _note(history: History) -> str:
    missing = history.missing
    return "" if missing is None else f"No NVIDIA GPU: {missing}."
