"""Pictures of what is shown: for whoever looks at a failure, and for the documentation.

    DLMAGIC_PICTURES=docs/images python -m pytest tests/browser

Without the variable they go to ``build/screenshots``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "screenshots"
FOLDER = ROOT / os.environ.get("DLMAGIC_PICTURES", BUILD)


def keep(shown: Any, name: str, folder: Path = FOLDER) -> None:
    """Keep a picture of one result; in ``BUILD`` where the documentation does not show it."""
    folder.mkdir(parents=True, exist_ok=True)
    shown.evaluate("shown => shown.scrollIntoView({block: 'center'})")
    # Written here: Playwright would start threads for it, which stay.
    (folder / f"{name}.png").write_bytes(shown.screenshot())
