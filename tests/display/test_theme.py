"""The colours that a reader gets, computed from the style sheets themselves."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from dlmagic.display import chart

CSS = resources.files("dlmagic.display").joinpath("theme.css").read_text("utf-8")
PAIRS = re.findall(r"--dlm-([a-z]+):.*?light-dark\((#\w{6}), (#\w{6})\)", CSS)
COLOURS = {name: (light, dark) for name, light, dark in PAIRS}
# Pages that results land on: JupyterLab, VS Code, Colab and GitHub, light and dark.
GROUNDS = (("#ffffff", "#f8f8f8"), ("#111111", "#1f1f1f", "#0d1117", "#383838"))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", ["text", "muted", "good", "bad"])
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_legible_on_every_page(name: str, theme: int) -> None:
    for ground in GROUNDS[theme]:
        assert contrast(COLOURS[name][theme], ground) >= 4.5, ground


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("name", "ground"), [("text", "alert"), ("bad", "alert"), ("text", "code")]
)
def test_text_is_legible_on_its_own_ground(name: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[name][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("name", "least"), [("ink", 4.5), ("soft", 4.5), ("bar", 4.5), ("dot", 3)])
def test_a_chart_is_legible_on_its_own_background(name: str, least: float, theme: int) -> None:
    colours = re.findall(r"--([a-z]+):(#\w{6})", chart._STYLE)
    grounds = [colour for key, colour in colours if key == "ground"]
    inks = [colour for key, colour in colours if key == name]
    assert contrast(inks[theme], grounds[theme]) >= least


def test_hosts_that_name_their_theme_are_believed() -> None:
    in_colab, in_books, in_marimo = 'html[theme="', 'html[data-theme="', 'body[data-theme="'
    for host in ("jp-theme-light", "vscode", "quarto", in_colab, in_books, in_marimo):
        assert len(re.findall(re.escape(host), CSS)) >= 2, host


def test_every_class_is_prefixed() -> None:
    selectors = re.sub(r"\{[^}]*\}", "", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL))
    classes = set(re.findall(r"\.([a-z][\w-]*)", selectors))
    hosts = {"vscode-light", "vscode-dark", "quarto-light", "quarto-dark"}
    assert all(name.startswith("dlm") for name in classes - hosts)
