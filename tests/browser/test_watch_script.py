"""The live view of a training in a page of its own: what it draws, how fast, and its keys."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import pytest

from dlmagic.finding import Finding
from dlmagic.magics.watch.live import past
from dlmagic.magics.watch.live.page import about, script, style
from dlmagic.magics.watch.live.view import LiveView
from tests.browser.reader import wait_for
from tests.browser.scripted import open_view, tell
from tests.browser.seen import FOCUSED, barriers
from tests.magics.watch.live.training import Training, finding_of

pytestmark = pytest.mark.browser

FRAME = 16.0  # milliseconds
MARGIN, WIDEST = 16, 960  # pixels around the view, and in it
COLOUR = """([across, down]) => {
    const canvas = document.querySelector("canvas[role=slider]");
    const scale = window.devicePixelRatio;
    const at = [across, down].map((each) => Math.round(each * scale));
    return [...canvas.getContext("2d").getImageData(...at, 1, 1).data.slice(0, 3)];
}"""


class Shown:
    """A training that a page shows."""

    def __init__(self, page: Any, training: Training, findings: Sequence[Finding] = ()) -> None:
        self.page, self.training, self.findings = page, training, findings
        self.view = LiveView(training)
        self._note([])
        recent = self.view._recent()
        open_view(page, script(), style(), about(training), recent)
        page.wait_for_function("drawn.length > 0")
        self.map = page.get_by_role("slider", name="Layer")

    def advance(self, steps: int = 1, **how: Any) -> None:
        """So many steps more, and the page has drawn them."""
        samples = self.training.advance(steps, **how)
        self._note(samples)
        self.view._feed.add(samples, [])
        self.view._feed._next = 0.0
        message = self.view._feed.due()
        assert message is not None
        drawn = self.page.evaluate("drawn.length")
        tell(self.page, message.plain, message.buffers)
        self.page.wait_for_function(f"drawn.length > {drawn}")

    def spoken(self) -> str:
        return str(self.map.get_attribute("aria-valuetext"))

    def _note(self, samples: list[Any]) -> None:
        overhead = {"steps": 9, "sampled": 3, "every": 3, "share": 0.01, "once": 0.31}
        state = {"paused": False, "overhead": overhead}
        self.view._feed.note(samples, self.findings, state)


@pytest.fixture
def errors(page: Any) -> list[str]:
    """What goes wrong in the page."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_keys_move_the_selection_and_the_kernel_is_told(page: Any, errors: list[str]) -> None:
    shown = Shown(page, Training(12, steps=40))
    shown.advance()
    assert shown.spoken().startswith("encoder.0.linear0, Linear: gradient norm ")
    shown.map.focus()
    for key, layer in {
        "ArrowDown": "0.linear2",
        "End": "1.linear4",
        "ArrowUp": "1.linear2",
    }.items():
        page.keyboard.press(key)
        page.wait_for_function(f"said.at(-1).layer === 'encoder.{layer}'")
        name = f"encoder.{layer}, Linear"
        wait_for(page, lambda name=name: shown.spoken().startswith(name))
    page.get_by_label("Show").select_option("activation std")
    wait_for(page, lambda: "activation std" in shown.spoken())
    shown.map.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("said.at(-1).layer === 'encoder.1.relu3'")
    assert errors == []


def test_what_it_costs_is_told_with_what_was_paid_once(page: Any, errors: list[str]) -> None:
    Shown(page, Training(2, steps=4)).advance()
    said = "step 9 · 3 measured, now one in 3 · 1.0 % overhead, and 0.3 s once"
    page.get_by_text(said, exact=True).wait_for()
    assert errors == []


def test_a_finding_selects_its_layer(page: Any, errors: list[str]) -> None:
    shown = Shown(page, Training(12, steps=40), [finding_of("encoder.1.linear4")])
    page.get_by_role("button", name="vanish").click()
    page.wait_for_function("said.at(-1).layer === 'encoder.1.linear4'")
    page.locator(".dlm-watch-name").get_by_text("encoder.1.linear4").wait_for()
    assert shown.spoken().startswith("encoder.1.linear4")
    assert errors == []


@pytest.mark.parametrize("layers", [12, 300])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_not_finite_is_red(page: Any, errors: list[str], layers: int, theme: str) -> None:
    shown = Shown(page, Training(layers, steps=40))
    page.evaluate("light => document.body.dataset.jpThemeLight = light", str(theme == "light"))
    shown.advance(broken=len(shown.training.rows) // 2)
    shown.advance()
    box = shown.map.bounding_box()
    last = box["width"] - 2 - (box["width"] - 190) / 40 * 1.5
    place = [last, box["height"] - 20]
    wait_for(page, lambda: page.evaluate(COLOUR, place)[0] > 220)
    assert max(page.evaluate(COLOUR, place)[1:]) < 110
    sound = page.evaluate(COLOUR, [last, 20])
    assert sound[0] < max(sound[1:])
    assert errors == []


def test_it_fits_a_narrow_page(page: Any, errors: list[str]) -> None:
    page.set_viewport_size({"width": 600, "height": 900})
    Shown(page, Training(40, steps=40), [finding_of("encoder.0.linear0")])
    wait_for(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= 600)
    assert errors == []


def test_it_follows_the_size_of_its_page_while_it_runs(page: Any, errors: list[str]) -> None:
    shown = Shown(page, Training(12, steps=40))
    for width in (1200, 500, 900):
        page.set_viewport_size({"width": width, "height": 900})
        shown.advance()
        room = min(width - 2 * MARGIN, WIDEST)
        wait_for(page, lambda room=room: abs(shown.map.bounding_box()["width"] - room) < 8)
    assert errors == []


def test_all_controls_are_reached_by_tab_and_seen_to_be(page: Any, errors: list[str]) -> None:
    Shown(page, Training(12, steps=40), [finding_of("encoder.1.linear4")])
    for name in ("Pause", "Stop", "Show", "Layers", "Layer", "", "How values are spread"):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["name"].startswith(name)
        assert focused["seen"], name
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    page.wait_for_function("said.at(-1).layer === 'encoder.1.linear4'")
    assert errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_barrier(page: Any, theme: str) -> None:
    shown = Shown(page, Training(12, steps=40), [finding_of("encoder.1.linear4")])
    page.evaluate("light => document.body.dataset.jpThemeLight = light", str(theme == "light"))
    shown.advance()
    assert not barriers(page, ".dlm-live")


def test_what_the_kernel_answers_is_said(page: Any) -> None:
    Shown(page, Training(12, steps=40))
    pattern = page.get_by_label("Layers")
    pattern.fill("nothing")
    pattern.press("Enter")
    page.wait_for_function("said.at(-1).kind === 'choose'")
    answer = "({kind: 'answer', to: said.at(-1).id, text: 'No layer matches.'})"
    page.evaluate(f"hear({answer}, [])")
    page.get_by_text("No layer matches.").wait_for()
    pattern.fill("encoder.*")
    pattern.press("Enter")
    page.get_by_text("The kernel is busy").wait_for()


def test_where_nobody_hears_the_button_says_what_to_press(page: Any) -> None:
    Shown(page, Training(12, steps=40))
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Press the notebook's ■").first.wait_for()
    page.get_by_text("the first press stops the training at the next step").first.wait_for()


@pytest.mark.alone
def test_a_frame_of_300_layers_and_2000_steps_is_drawn_in_time(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "LARGEST", 20_000_000)  # all of the steps, not some of them
    shown = Shown(page, Training(300, steps=2000))
    for _ in range(40):
        shown.advance()
    took = page.evaluate("drawn.slice(-40).map((each) => each.took)")
    # What else the machine does can only make it slower.
    assert statistics.quantiles(took, n=4)[0] <= FRAME, sorted(took)
