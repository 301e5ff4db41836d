"""Saved results as files: checked before anything runs, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dlmagic.errors import InputError, ResultFormatError
from dlmagic.magics.bench.result import BenchResult

MOST_BYTES = 20_000_000
"""A saved result has some hundred kB; what is larger is something else."""


def path_of(text: str) -> Path:
    """The file that an option names, relative to the working directory.

    Raises:
        InputError: The text names no file.
    """
    try:
        path = Path(text).expanduser()
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as problem:  # a null byte, a loop of links
        raise InputError(f"{text!r} names no file: {_why(problem)}.") from None


def read(text: str, option: str = "--against") -> BenchResult:
    """The result that a file holds.

    Args:
        text: The file as the user named it.
        option: The option that named it, for messages.

    Raises:
        InputError: There is no such file, or it cannot be read.
        ResultFormatError: It holds something else, is damaged, or from a newer dlmagic.
    """
    path = path_of(text)
    with _told(f"{option} {text} cannot be read"):
        if path.is_dir():
            raise InputError(f"{option} {text} is a folder.", "Name a file in it.")
        if not path.exists():
            raise InputError(
                f"{option} {text}: there is no such file.", "Make one with --save FILE."
            )
        if not path.is_file():
            raise InputError(f"{option} {text} is not a regular file.")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ResultFormatError(
            f"{text} has more than {MOST_BYTES // 1_000_000} MB: it is not a saved result."
        )
    try:
        result = BenchResult.from_json(data)
    except ResultFormatError as problem:
        raise ResultFormatError(
            f"{text} is not a baseline: {problem.message}", problem.hint
        ) from None
    return _verified(result, text)


def _verified(result: BenchResult, text: str) -> BenchResult:
    """Refuse a file in which something was changed after it was written."""
    if result.provenance and result.provenance.checksum not in ("", checksum_of(result)):
        raise ResultFormatError(
            f"{text} is not a baseline: the saved result is damaged, its checksum does not match."
        )
    return result


def checksum_of(result: BenchResult) -> str:
    """A digest of everything in a result but its checksum."""
    provenance = result.provenance and replace(result.provenance, checksum="")
    text = replace(result, provenance=provenance).to_json()
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_target(text: str) -> Path:
    """The file to write, after a look at its folder.

    Raises:
        InputError: It could not be written.
    """
    path = path_of(text)
    with _told(f"--save {text} cannot be written"):
        if path.is_dir():
            raise InputError(f"--save {text} is a folder.", "Name a file in it.")
        if not path.parent.is_dir():
            raise InputError(f"--save {text}: there is no folder {path.parent}.", "Make it first.")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise InputError(f"--save {text}: the folder {path.parent} cannot be written to.")
        if path.exists() and not path.is_file():
            raise InputError(f"--save {text} is not a regular file.")
    return path


def write(path: Path, result: BenchResult) -> None:
    """Write a result to a file beside its place, then put that in its place at one stroke.

    Raises:
        OSError: It could not be written; what was there before is untouched.
    """
    assert result.provenance is not None
    sealed = replace(result, provenance=replace(result.provenance, checksum=checksum_of(result)))
    part = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(sealed.to_json() + "\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say in one line what the operating system refuses."""
    try:
        yield
    except OSError as problem:
        raise InputError(f"{what}: {_why(problem)}.") from None


def _why(problem: BaseException) -> str:
    return getattr(problem, "strerror", None) or " ".join(str(problem).split())
