"""The folder in which the files to lock lie: where, and how it comes to be there.

Everybody must find the same one, so it does not depend on ``TMPDIR``. Of the places where every
user may make files, ``/dev/shm`` is none: systemd removes a user's files there when he logs out
(``RemoveIPC``), while a notebook that he left running goes on. In ``/run/lock`` only root may
write on many systems. What is old in ``/tmp`` is removed on some, but not in a folder on which
somebody has a shared lock; so whoever holds or waits locks the folder itself, too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.leases.kernel import HAS_LOCKS
from dlmagic.devices.leases.lockfile import make
from dlmagic.devices.leases.mount import Mount, mount_of
from dlmagic.devices.reading import Reason

VARIABLE = "DLMAGIC_LEASES"
"""The environment variable with which another folder is named."""

USUAL = Path("/tmp/dlmagic-leases")
TURN = "turn"
"""The file whose lock is the turn."""

NO_LOCKS = Reason("this system has no locks of the kind that leases are made of (flock)")
_FOR_ALL = 0o1777  # to write, but not to remove what is another's
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


@dataclass(frozen=True)
class Home:
    """The folder, opened.

    Attributes:
        path: Where it is.
        descriptor: Of the open folder.
        mount: Where it lies; None where that is not told.
    """

    path: Path
    descriptor: int
    mount: Mount | None


def usual_path() -> Path:
    """The folder that the environment names, or the usual one."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else USUAL


@contextmanager
def opened(path: Path, proc: Path, *, create: bool = False) -> Iterator[Home | Reason | None]:
    """The folder, as long as it is needed; None where it is not there.

    Args:
        path: Of the folder.
        proc: Where Linux tells about processes.
        create: Make it where it is not there; then it is never None.
    """
    descriptor = _open(path, create=create)
    if not isinstance(descriptor, int):
        yield descriptor
        return
    try:
        mount = mount_of(descriptor, proc)
        refused = mount.refused if mount is not None else None
        yield Home(path, descriptor, mount) if refused is None else about(path, refused)
    finally:
        os.close(descriptor)


def about(path: Path, why: Reason) -> Reason:
    """Why a folder cannot be used, with its name and what can be done."""
    return Reason(
        f"{path} cannot be used for leases: {why}; an administrator can name another folder, that"
        f" all users may write to, in the environment variable {VARIABLE}"
    )


def _open(path: Path, *, create: bool) -> int | Reason | None:
    if not HAS_LOCKS:
        return NO_LOCKS
    try:
        return os.open(path, _FLAGS)
    except FileNotFoundError:
        if not create:
            return None
    except OSError as error:
        return about(path, _words(error))
    try:
        _make(path)
        return os.open(path, _FLAGS)
    except OSError as error:
        return about(path, _words(error))


def _make(path: Path) -> None:
    """Make the folder under another name first, so that nobody meets it half made.

    With a file in it, since an empty folder would be replaced by that of a second process.
    """
    unfinished = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    unfinished.mkdir(0o700)
    try:
        descriptor = os.open(unfinished, _FLAGS)
        try:
            os.fchmod(descriptor, _FOR_ALL)
            make(descriptor, TURN)
        finally:
            os.close(descriptor)
        _give_name(unfinished, path)
    finally:
        with contextlib.suppress(OSError):  # it has its name now, unless another was faster
            (unfinished / TURN).unlink()
            unfinished.rmdir()


def _give_name(unfinished: Path, path: Path) -> None:
    try:
        unfinished.rename(path)
    except OSError:
        if not path.exists():
            raise


def _words(error: OSError) -> Reason:
    if isinstance(error, NotADirectoryError):  # so Linux says of a link, too
        return Reason("it is not a folder, or a link to one")
    return Reason((error.strerror or str(error)).lower())
