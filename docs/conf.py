"""How Sphinx makes the pages: ``make docs``.

The pages are Markdown that GitHub shows, too. What the code or the figures of the benchmarks
already say is put into places on them, ``<!-- NAME -->`` to ``<!-- end -->``, while they are read.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from generated import reference  # noqa: E402

import dlmagic  # noqa: E402
from benchmarks.tables import filled  # noqa: E402 - found only now

project = "dlmagic"
author = copyright = "dlmagic developers"  # noqa: A001 - Sphinx looks for this name
version = release = dlmagic.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["generated"]
smartquotes = False  # they would make one dash of the two before an option

myst_heading_anchors = 4
napoleon_use_ivar = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
python_display_short_literal_types = True

html_theme = "furo"
html_title = f"dlmagic {release}"
html_copy_source = False
html_show_sourcelink = False


def fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put what is generated into its places."""
    source[0] = filled(reference.filled(source[0]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
