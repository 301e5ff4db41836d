"""What JupyterLab leaves of an output that it does not trust, and GitHub of HTML.

JupyterLab's rules are read from the JupyterLab that is installed, so that they are those of today.
GitHub's are those of the filter that it has published:
https://github.com/gjtorikian/html-pipeline, ``lib/html_pipeline/sanitization_filter.rb``. Both
drop styles, scripts and drawings with what is in them, and both keep the text of other elements
that they drop.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import bleach

_WITH_THEIR_CONTENT = re.compile(r"<(style|script|svg)\b.*?</\1>", re.DOTALL)
_ON_CONDITION = re.compile(r"\.\.\.this\.\w+\?\[[^\]]*\]:\[\]")
_TEXT = re.compile(r'"([^"]*)"')
_ATTRIBUTES = re.compile(r'"?([\w*]+)"?:\[([^\]]*)\]')

_TAGS = """
    h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead
    tbody tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary
    details caption figure figcaption abbr bdo cite dfn mark small span time wbr
"""
GITHUB_TAGS = _TAGS.split()
GITHUB_ATTRIBUTES = {
    # Of those that it keeps anywhere, these have a meaning in tables, folds and pictures.
    "*": ["align", "alt", "colspan", "headers", "height", "open", "rowspan", "scope", "width"],
    "a": ["href"],
    "img": ["src"],
}


def github(page: str) -> str:
    """What GitHub leaves; the data of a picture are not an address that it takes."""
    return bleach.clean(
        _WITH_THEIR_CONTENT.sub("", page),
        tags=GITHUB_TAGS,
        attributes=GITHUB_ATTRIBUTES,
        protocols=["http", "https"],
        strip=True,
    )


def jupyterlab(page: str) -> str:
    """What JupyterLab leaves in a notebook that the reader did not run."""
    tags, attributes = rules_of_jupyterlab()
    return bleach.clean(
        _WITH_THEIR_CONTENT.sub("", page),
        tags=tags,
        attributes=attributes,
        protocols=["http", "https", "data"],  # it looks at addresses of links alone
        strip=True,
    )


@cache
def rules_of_jupyterlab() -> tuple[list[str], Mapping[str, list[str]]]:
    """Tags and attributes that the installed JupyterLab keeps."""
    folder = Path(sys.prefix) / "share" / "jupyter" / "lab" / "static"
    for script in sorted(folder.glob("jlab_core*.js")):
        text = script.read_text(encoding="utf-8")
        tags = re.search(r'allowedTags:(\["a",[^\]]*\])', text)
        if tags is not None:
            rest = _ON_CONDITION.sub("", text[tags.end() : tags.end() + 6000])
            rest = rest[: rest.index("}")]
            rest = rest[rest.index("allowedAttributes:{") :]
            found = {name: _TEXT.findall(kept) for name, kept in _ATTRIBUTES.findall(rest)}
            # Inline styles are looked at one by one, and we have none.
            found["*"].remove("style")
            return _TEXT.findall(tags[1]), found
    raise AssertionError(f"No JupyterLab with rules was found in {folder}.")
