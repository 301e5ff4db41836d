"""How the mistakes look that a cell did not complain of."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.findings import notice
from dlmagic.display.parts import Document, Part, sentence
from dlmagic.display.units import plural
from dlmagic.magics.tensors.silent.result import SilentMistakes

_SILENCE = "# dlmagic: ok silences a line, %config DLMagic.check_cells = False all of them."


def document(seen: SilentMistakes) -> Document:
    """The mistakes, then how much was seen."""
    return Document(tuple(_parts(seen)))


def _parts(seen: SilentMistakes) -> Iterator[Part]:
    if not seen.watched:
        yield from map(notice, seen.findings)
        yield sentence(_SILENCE, role="note")
        return
    yield sentence(_answer(seen), role="answer")
    yield from map(notice, seen.findings)
    steps = f" and {plural(seen.steps, 'step')} of training" if seen.steps else ""
    where = f" on each of {plural(len(seen.ranks), 'rank')}, at most" if seen.ranks else ""
    watched = f"{plural(seen.operations, 'operation')}{steps}{where}"
    rest = "" if seen.complete else "; what came after ran unwatched"
    yield sentence(f"Seen: {watched}{rest}.", role="note")
    if seen.hints:
        what = plural(seen.hints, "likely mistake")
        yield sentence(f"--hints shows {what}, too.", role="note")
    if seen.failed:
        what = ", ".join(dict.fromkeys(seen.failed))
        yield sentence(
            f"dlmagic failed to look for {what}; your cell is not to blame.", role="note"
        )


def _answer(seen: SilentMistakes) -> str:
    count = len(seen.findings)
    if count:
        return f"{plural(count, 'mistake')} that raised nothing."
    if seen.imported and not seen.operations:
        names = " and ".join(seen.imported)
        return f"Nothing was watched: the cell imports {names}. Run it once more."
    return "No mistake was seen."
