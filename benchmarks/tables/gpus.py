"""Tables of ``%gpus``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def listing(document: Mapping[str, Any]) -> str:
    """How long a look takes, in milliseconds."""
    lines = ["| | a look (95 % interval) | a first look | if the bus answered at once |"]
    lines.append("| --- | --- | --- | --- |")
    at_once = document["listing_with_a_bus_that_answers_at_once"]
    for row, other in zip(document["listing"], at_once, strict=True):
        low, high = (f"{1000 * each:.1f}" for each in row["interval"])
        look = f"{1000 * row['median']:.1f} ({low} to {high})"
        numbers = f"{1000 * row['first']:.0f} | {1000 * other['median']:.1f}"
        lines.append(f"| {row['program']} | {look} | {numbers} |")
    first, later = (round(1000 * document["without_gpu"][name]) for name in ("first", "later"))
    share = 100 * document["live_share_of_a_core"]
    without = f"`%gpus` without a GPU takes {later} ms, output included, the first {first} ms."
    live = f"`%gpus live` takes {share:.1f} % of a core with these 8 GPUs, once a second."
    return "\n".join([*lines, "", without, live])


def hardware(document: Mapping[str, Any]) -> str:
    """How long a look at the GPUs of a machine takes, in milliseconds."""
    gpus, driver = ", ".join(document["gpus"]), document["driver"]
    lines = [
        f"| {gpus}, driver {driver} | a look (95 % interval) | times dlmagic's | a first look |"
    ]
    lines.append("| --- | --- | --- | --- |")
    for row in document["rows"]:
        low, high = (f"{1000 * each:.1f}" for each in row["interval"])
        look, first = f"{1000 * row['median']:.1f} ({low} to {high})", f"{1000 * row['first']:.0f}"
        lines.append(f"| {row['program']} | {look} | {row['times_ours']:.0f} | {first} |")
    return "\n".join(lines)


def diagnosis(document: Mapping[str, Any]) -> str:
    """Who names the cause."""
    head = "| | names the cause | gives a command | calls it fine | seconds |"
    lines = [
        f"| `{row['program']}` | {row['cause']} of {row['environments']} "
        f"| {row['command'] or '–'} | {row['fine']} | {row['seconds']} |"
        for row in document["rows"]
    ]
    return "\n".join([head, "|---|---|---|---|---|", *lines])


def picking(document: Mapping[str, Any]) -> str:
    """How often two processes choose the same GPU."""
    lines = ["| | rounds | chose a GPU | which another had chosen, too |"]
    lines.append("| --- | ---: | ---: | ---: |")
    lines += [
        f"| {_named(row['way'], document)} | {row['rounds']:,} | {row['picks']:,} "
        f"| {row['collisions']:,} |"
        for row in document["rows"]
    ]
    return "\n".join(lines)


def _named(way: str, document: Mapping[str, Any]) -> str:
    version = document["versions"].get(way)
    return f"{way} {version}" if version else way
