"""What can be seen to be wrong with our results on a page: too wide, or a barrier for somebody."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe

TOO_WIDE = """results => {
    const scrolls = (each) => ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
    const found = [];
    for (const result of results) {
        const outside = result.parentElement;
        const room = outside.getBoundingClientRect();
        for (const element of [result, ...result.querySelectorAll("*")]) {
            let around = element.parentElement;
            while (around !== outside && !scrolls(around)) around = around.parentElement;
            if (around !== outside && element !== result) continue;
            const box = element.getBoundingClientRect();
            if (box.width > 0 && (box.right > room.right + 1 || box.left < room.left - 1)) {
                found.push(`${element.tagName} ${element.className}: ${element.textContent}`);
            }
        }
    }
    return found.map((each) => each.slice(0, 200));
}"""
FOCUSED = """() => {
    const now = document.activeElement;
    const style = getComputedStyle(now);
    const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    const named = now.getAttribute("aria-label") || now.labels?.[0]?.textContent || now.textContent;
    return {name: named.trim(), ours: now.closest(".dlm") !== null, seen};
}"""
"""What has the focus, and whether that can be seen."""


def results_of(notebook: Any) -> list[str]:
    """The HTML of all results."""
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", ())]
    shown = [each.data["text/html"] for each in outputs if "text/html" in each.get("data", {})]
    return [html for html in shown if 'class="dlm' in html]


def too_wide(results: Any) -> list[str]:
    """What sticks out of its result sideways, and lies in nothing that scrolls."""
    found: list[str] = results.evaluate_all(TOO_WIDE)
    return found


def barriers(page: Any, selector: str) -> list[str]:
    """What axe finds in our own part of the page, contrast included."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
    settings = json.dumps({"resultTypes": ["violations"]})
    found = page.evaluate(f"axe.run({json.dumps({'include': [[selector]]})}, {settings})")
    return [
        f"{violation['id']}: {node['failureSummary']} {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@cache
def script() -> str:
    """axe itself."""
    return str(Axe().axe_script)
