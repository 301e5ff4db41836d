"""How giving back looks."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.display.parts import Document, Part, Span, sentence
from dlmagic.display.units import listed
from dlmagic.magics.gpus.pick.result import ReleaseResult, Setting, in_words


def document(release: ReleaseResult) -> Document:
    """What there is to say about it."""
    return Document(tuple(_parts(release)))


def _parts(release: ReleaseResult) -> Iterator[Part]:
    names = in_words(release.gpus)
    many = len(release.gpus) > 1
    if not release.released:
        yield sentence(f"{names} not given back: {release.kept_because}.", role="alert")
    elif not (release.put_back or release.left_alone):
        yield sentence(f"{names} {'have' if many else 'has'} been given back before.")
    else:
        yield sentence(
            f"Gave {names} back: others can take {'them' if many else 'it'}.", role="answer"
        )
    yield from _environment(release)


def _environment(release: ReleaseResult) -> Iterator[Part]:
    for each in release.put_back:
        yield sentence("As before: ", Span(each.name, "code"), f" {_value(each)}.")
    if release.left_alone:
        changed = listed(release.left_alone)
        yield sentence(f"Left as it is, as it was changed after the pick: {changed}.")


def _value(setting: Setting) -> str:
    return "is not set" if setting.before is None else f"is {setting.before!r}"
