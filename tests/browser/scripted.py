"""A live view's own script in a page of its own, which is told what a kernel would tell it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from dlmagic.display.live.widget import joined_script, joined_style

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 16px; font-family: system-ui, sans-serif; font-size: 13px; }
body[data-jp-theme-light="true"] { background: white; --jp-content-font-color1: rgba(0,0,0,.87); }
body[data-jp-theme-light="false"] { background: #111; --jp-content-font-color1: white; }
</style><style>%s</style><body data-jp-theme-light="true"><main></main>"""

MODEL = """async ({script, about, recent}) => {
    const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
    const view = (await import(url)).default();
    const bytes = (text) => {
        const all = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
        return new DataView(all.buffer);
    };
    const unpack = (news) => ({...news, buffers: news.buffers.map(bytes)});
    const state = {about, recent: recent.map(unpack), heartbeat: 10};
    const listeners = [];
    window.said = [];
    window.drawn = [];
    const model = {
        get: (name) => state[name],
        on: (_, listener) => listeners.push(listener),
        send: (message) => window.said.push(message),
    };
    window.hear = (message, buffers) => listeners.forEach((each) => each(message, buffers));
    window.tell = (news) => {
        const {buffers, ...plain} = unpack(news);
        window.hear({kind: "news", news: plain}, buffers);
    };
    document.addEventListener("dlmagic-drawn", (event) => window.drawn.push(event.detail));
    view.initialize({model});
    window.leave = view.render({model, el: document.querySelector("main")});
}"""


def packed(plain: dict[str, Any], buffers: Sequence[bytes]) -> dict[str, Any]:
    """News, for a page that is told by a test."""
    return {**plain, "buffers": [base64.b64encode(each).decode() for each in buffers]}


def open_view(
    page: Any, script: str, style: str, about: dict[str, Any], recent: list[dict[str, Any]]
) -> None:
    """Show a live view."""
    page.set_content(PAGE % joined_style(style))
    unpacked = [packed(each, each["buffers"]) for each in recent]
    page.evaluate(MODEL, {"script": joined_script(script), "about": about, "recent": unpacked})


def tell(page: Any, plain: dict[str, Any], buffers: Sequence[bytes]) -> None:
    """Let the view hear news."""
    page.evaluate("news => tell(news)", packed(plain, buffers))
