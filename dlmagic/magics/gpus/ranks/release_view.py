"""How giving back the GPUs of all ranks looks."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.parts import Document, Part, sentence
from dlmagic.display.units import plural
from dlmagic.magics.gpus.ranks.pick_result import RanksReleaseResult

_MOST = 12


def document(release: RanksReleaseResult) -> Document:
    """What there is to say about it."""
    return Document(tuple(_parts(release)))


def _parts(release: RanksReleaseResult) -> Iterator[Part]:
    given = [each for each in release.ranks if each.release.released]
    kept = [each for each in release.ranks if not each.release.released]
    if given:
        gpus = plural(sum(len(each.release.gpus) for each in given), "GPU")
        yield sentence(f"Gave back {gpus} of {plural(len(given), 'rank')}.", role="answer")
    for each in kept[:_MOST]:
        why = each.release.kept_because
        yield sentence(f"Rank {each.rank} has not given its own back: {why}.", role="alert")
    if len(kept) > _MOST:
        yield sentence(f"And {plural(len(kept) - _MOST, 'rank')} more; .ranks has them all.")
