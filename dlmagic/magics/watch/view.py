"""How a watched training looks: what is wrong, the layers, and the layers over time."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.findings import notice
from dlmagic.display.heat_map import heat_maps
from dlmagic.display.parts import Document, Part, Picture, Span, Table, sentence
from dlmagic.display.units import count, listed, percent, plural, seconds
from dlmagic.magics.watch.layer_table import fitting, layers_table, name_of, number, older_figures
from dlmagic.magics.watch.maps import bands_of, bars_of, gradient_norms
from dlmagic.magics.watch.parameter_table import parameters_of
from dlmagic.magics.watch.rank_table import rank_parts
from dlmagic.magics.watch.result import WatchResult

LIMIT = 150_000
"""Bytes that a finished watch may add to a notebook."""

ENOUGH = 10
"""Measured steps in which a mistake that lasts is told, such as vanishing gradients."""

_NAMED = 3
_SMALL_SHARE, _UNNOTICED = 0.02, 0.25
"""Of a training that is over in a moment, the seconds say more than the share."""
_MOST_UNTOLD, _SHARE_UNTOLD = 0.2, 0.005  # seconds that were paid once, and of the training


def document(result: WatchResult) -> Document:
    """All that was seen."""
    return Document((sentence(*_answer(result), role="answer"), *_parts(result)), LIMIT)


def _answer(result: WatchResult) -> Iterator[str | Span]:
    """What is wrong, in how much, and at what cost."""
    if not result.samples:
        yield Span(_nothing_measured(result), "strong")
        return
    yield _verdict(result)
    few = _too_few(result)
    yield f" in {f'the {result.samples} of ' if few else ''}{plural(result.steps, 'step')} of "
    yield Span(result.model, "code")
    where = f" on {plural(result.rank_count, 'rank')}" if result.rank_count else ""
    measured = " that were measured" if few else ""
    yield f"{where}{measured}, {plural(len(result.layers), 'layer')}; {_cost(result)}."


def _too_few(result: WatchResult) -> bool:
    """Whether nothing was said, and little could be: most mistakes show only where they last."""
    return not result.findings and result.samples < min(ENOUGH, result.steps)


def _nothing_measured(result: WatchResult) -> str:
    name = f"{result.model} ({result.kind})"
    if result.steps:
        return f"Nothing of {name} was measured in {plural(result.steps, 'step')}."
    if not result.ended:
        return f"{name} is watched, and has not been trained yet."
    if result.skipped:
        return (
            f"{name} has not been trained while it was watched: gradients reached it, but no "
            "optimiser took a step with it. See that the optimiser was made with the parameters of "
            "this very model, and that .step() is called, which a gradient scaler leaves out where "
            "gradients are not finite."
        )
    backward = ", and no .backward() reached it" if result.framework == "torch" else ""
    return (
        f"{name} has not been trained while it was watched, as far as can be seen: "
        f"no optimiser took a step with it{backward}."
    )


def _verdict(result: WatchResult) -> Span:
    wrong = [each for each in result.findings if each.level != "hint"]
    if wrong:
        things = "One thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
        return Span(f"{things} wrong", "bad")
    if result.findings:
        things = "one thing looks" if len(result.findings) == 1 else "some things look"
        return Span(f"Nothing is certainly wrong, and {things} odd", "strong")
    return Span("Nothing wrong", "good")


def _cost(result: WatchResult) -> str:
    cost = result.overhead
    if cost.share is None:
        yet = "" if result.ended else " yet"
        return f"{plural(result.samples, 'step')} measured, what that costs is not known{yet}"
    training = (cost.plain_step or 0.0) * cost.steps
    taken = cost.share * training + cost.once
    if _SMALL_SHARE * training < taken < _UNNOTICED:
        return f"watching cost {seconds(taken, digits=2)}"
    share = "less than 0.01 %" if cost.share < 1e-4 else percent(cost.share)
    # What no step would notice need not be told, but where it is much of a short training.
    is_told = cost.once > min(_MOST_UNTOLD, _SHARE_UNTOLD * training)
    once = f", and {seconds(cost.once, digits=2)} once" if is_told else ""
    return f"watching cost {share}{once}"


def _parts(result: WatchResult) -> Iterator[Part]:
    yield from map(notice, result.findings)
    if result.layers:
        picture = _picture(result)
        if picture is not None:
            yield picture
        yield _table(result)
        older = older_figures(result.layers, result.last)
        if older:
            yield sentence(older)
        more = len(result.layers) - len(fitting(result.layers, _named(result)))
        if more > 0:
            yield sentence(f"And {plural(more, 'layer')} more; .table() has them all.", role="note")
        parameters = parameters_of(result)
        if parameters is not None:
            yield parameters
    yield from rank_parts(result.ranks, result.rank_count)
    yield from _notes(result)


def _named(result: WatchResult) -> frozenset[str]:
    """Layers that are named in a finding."""
    return frozenset(name for each in result.findings for name in each.operands)


def _table(result: WatchResult) -> Table:
    bars = bars_of(gradient_norms(result))
    courses = {layer.layer: bar for layer, bar in zip(result.layers, bars, strict=True)}
    what = "all values" if result.exact else "a spread sample of the values"
    caption = f"Layers at step {count(result.last)}, from {what}"
    return layers_table(result.layers, caption, named=_named(result), courses=courses)


def _picture(result: WatchResult) -> Picture | None:
    bands = list(bands_of(result))
    if len(result.points) < 2 or not bands:
        return None
    titles = listed(band.title.lower() for band in bands)
    alt = (
        f"{titles} of {plural(len(result.layers), 'layer')} from step {result.points[0]} to "
        f"{result.last}; the table has the newest figures."
    )
    begins, ends = f"step {count(result.points[0])}", f"step {count(result.last)}"
    return heat_maps(bands, begins=begins, ends=ends, alt=alt[:1].upper() + alt[1:])


def _notes(result: WatchResult) -> Iterator[Part]:
    if result.loss and result.loss_values:
        first, last = result.loss_values[0], result.loss_values[-1]
        yield sentence(f"{result.loss}: {number(first)} at first, {number(last)} at last.")
    if _too_few(result):
        yield sentence(_how_to_measure_more(result))
    if result.silent:
        yield sentence(_silent(result))
    for note in result.notes:
        yield sentence(note, role="note")
    if result.samples:
        yield sentence(_how(result), role="note")


def _how_to_measure_more(result: WatchResult) -> str:
    said = f"Vanishing gradients, dead units and the like are told from {ENOUGH} such steps on"
    every = result.steps // (2 * ENOUGH)
    return f"{said}; every={every} would measure more." if every else f"{said}."


def _silent(result: WatchResult) -> str:
    reasons: dict[str, list[str]] = {}
    for each in result.silent:
        reasons.setdefault(each.why.rstrip("."), []).append(name_of(each.layer))
    told = (f"{listed(names, most=_NAMED)} ({why})" for why, names in reasons.items())
    measured = f"in {plural(result.samples, 'measured step')}"
    return f"{plural(len(result.silent), 'layer')} never fired {measured}: {'; '.join(told)}."


def _how(result: WatchResult) -> str:
    cost = result.overhead
    said = [f"{count(result.samples)} of {plural(result.steps, 'step')} measured"]
    if result.skipped:
        said.append(
            f"{plural(result.skipped, 'set')} of gradients used by no step, as where a gradient "
            "scaler skips one, another model is trained through this one, or weights are only "
            "tried out (SAM)"
        )
    if cost.sampled_step is not None and cost.plain_step is not None:
        said.append(
            f"a step takes {seconds(cost.plain_step, digits=2)}, "
            f"a measured one {seconds(cost.sampled_step, digits=2)}"
        )
    state = result.ended or "it goes on"
    return f"{'; '.join(said)}; {state}."
