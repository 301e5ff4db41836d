"""What every magic returns: a frozen value that shows itself, and can be saved and sent."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, NoReturn, Self

from dlmagic.codec import Mismatch, decode, encode
from dlmagic.environment import Environment
from dlmagic.errors import ResultFormatError
from dlmagic.finding import Finding

_KIND = "format"
_SCHEMA = "schema"


@dataclass(frozen=True, repr=False, kw_only=True)
class Result:
    """Base of all results.

    A subclass is a dataclass with ``frozen=True, repr=False, kw_only=True``, and
    its fields have types that :mod:`dlmagic.codec` knows. How it looks is decided
    by the module that ``view`` names, which is imported when the result is shown:
    a saved result opens on a machine that has no more than the standard library.

    Attributes:
        environment: Where and with what the result was made.
        findings: What the user should know about it.
    """

    schema: ClassVar[int] = 1
    """Grows with every change of the fields, so that an old reader can tell."""

    view: ClassVar[str] = ""
    """Module with a function ``document(result) -> dlmagic.display.parts.Document``."""

    environment: Environment | None = None
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data that :func:`json.dumps` takes."""
        fields: dict[str, Any] = encode(self, type(self), type(self).__name__)
        return {_KIND: _kind(type(self)), _SCHEMA: self.schema, **fields}

    def to_json(self, indent: int | None = None) -> str:
        """The result as strict JSON, in ASCII."""
        return json.dumps(self.to_dict(), allow_nan=False, indent=indent)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The result that :meth:`to_dict` made ``data`` of.

        Raises:
            ResultFormatError: The data are damaged, foreign, or from a newer dlmagic.
        """
        fields = _unwrapped(cls, data)
        try:
            result: Self = decode(fields, cls, cls.__name__)
        except (Mismatch, RecursionError) as problem:
            raise _damaged(cls, str(problem)) from None
        return result

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The result that :meth:`to_json` made ``text`` of.

        Raises:
            ResultFormatError: The text is damaged, foreign, or from a newer dlmagic.
        """
        try:
            data = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_repeats)
        except (ValueError, RecursionError) as problem:
            raise _damaged(cls, f"it is not strict JSON ({problem})") from None
        return cls.from_dict(data)

    def __repr__(self) -> str:
        return self._shown("dlmagic.display.text", self._one_line)

    def _repr_html_form(self) -> str:
        return self._shown("dlmagic.display.html", lambda *why: html.escape(self._one_line(*why)))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """What Jupyter shows: the same words and numbers as plain text and as HTML."""
        forms = {"text/plain": self.__repr__, "text/html": self._repr_html_form}
        wanted = [
            kind
            for kind in forms
            if (not include or kind in include) and kind not in (exclude or ())
        ]
        return {kind: forms[kind]() for kind in wanted}

    def _shown(self, renderer: str, plain: Callable[[Exception], str]) -> str:
        """The result in one form. A view that fails costs its looks, never the result."""
        try:
            document = import_module(self.view).document(self)
            return str(import_module(renderer).render(document))
        except Exception as problem:
            return plain(problem)

    def _one_line(self, problem: Exception) -> str:
        why = " ".join(f"{type(problem).__name__}: {problem}".split())
        return f"<{type(self).__name__}: could not be shown ({why}); its attributes are all there>"


def _kind(cls: type[Result]) -> str:
    return f"dlmagic.{cls.__name__}"


def _unwrapped(cls: type[Result], data: object) -> dict[str, Any]:
    """The fields alone, after the labels on the wrapping have been read."""
    if not isinstance(data, dict) or data.get(_KIND) != _kind(cls):
        found = data.get(_KIND) if isinstance(data, dict) else None
        other = f"; it holds {found!r:.60}" if isinstance(found, str) else ""
        raise ResultFormatError(f"This is not a saved {cls.__name__}{other}.")
    schema = data.get(_SCHEMA)
    if type(schema) is int and schema > cls.schema:
        raise ResultFormatError(
            f"This {cls.__name__} was saved by a newer dlmagic"
            f" (format {schema}; this one reads format {cls.schema}).",
            "Upgrade with: pip install --upgrade dlmagic",
        )
    if type(schema) is not int or schema != cls.schema:
        raise _damaged(cls, f"its format number is {schema!r:.40}")
    return {name: value for name, value in data.items() if name not in (_KIND, _SCHEMA)}


def _damaged(cls: type[Result], why: str) -> ResultFormatError:
    line = " ".join(why.split())
    return ResultFormatError(f"The saved {cls.__name__} is damaged: {line:.200}.")


def _refuse(token: str) -> NoReturn:
    raise ValueError(f"{token} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a name occurs twice")
    return data
