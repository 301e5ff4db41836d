"""Examples of a page: its ``python`` blocks, and what the page says that they show.

A block of text that a cell has shown stands below the comment ``<!-- shown -->``, or below
``<!-- shown: the cell fails -->``. Words are compared; times, counts and other numbers are those of
one run, so any number is as good as another, and ``…`` stands for whatever is left out.

A cell that cannot be run has the comment ``<!-- not run: REASON -->`` above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_EXAMPLE = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+) -->\n)?^```python\n(?P<code>.*?)^```\n"
    r"(?:\n<!-- shown(?P<fails>: the cell fails)? -->\n```text\n(?P<shown>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(r"^<!-- shown.*-->$", re.MULTILINE)
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?(?:\s?(?:ns|µs|ms|s|%|x|kB|MB|GB|k|M)\b|\s?%)?")
_DRAWN = re.compile(r"[─━│┃█▏▎▍▌▋▊▉▁▂▃▄▅▆▇·]+")


@dataclass(frozen=True)
class Example:
    """A cell of a page.

    Attributes:
        code: What a reader pastes.
        line: Of the page.
        shown: What the page shows below it, or None.
        fails: Whether it is meant to fail.
        reason: Why it cannot be run; empty where it can.
    """

    code: str
    line: int
    shown: str | None
    fails: bool
    reason: str


def examples(page: Path) -> list[Example]:
    """All cells of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = [
        Example(
            match["code"],
            text.count("\n", 0, match.start()) + 1,
            match["shown"],
            match["fails"] is not None,
            match["reason"] or "",
        )
        for match in _EXAMPLE.finditer(text)
    ]
    assert len(_MARK.findall(text)) == sum(each.shown is not None for each in found), page
    return found


def run(shell: InteractiveShell, example: Example) -> tuple[bool, str]:
    """Whether a cell went through, and all text that it has shown."""
    with capture_output() as captured:
        done = shell.run_cell(example.code, store_history=True)
    rich = (each.data.get("text/plain", "") for each in captured.outputs)
    return done.success, "\n".join([captured.stdout, *rich, captured.stderr])


def missing(shown: str, actual: str) -> str | None:
    """The first part of what a page shows that a cell does not show, in order."""
    rest = words(actual)
    for part in filter(None, map(words, shown.split("…"))):
        before, found, rest = rest.partition(part)
        if not found:
            return f"{part!r} is not in {before!r}"
    return None


def words(text: str) -> str:
    """A text without its numbers, its lines and the way it is broken."""
    return " ".join(_DRAWN.sub(" ", _NUMBER.sub("0", text)).split())
