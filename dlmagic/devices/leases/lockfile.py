"""A file to lock, among users who trust each other no further than that.

In a folder where everybody may write, and where nobody may remove what is another's, Linux can
be set to refuse opening another's file with ``O_CREAT`` (``fs.protected_regular``). So a file is
opened as it is, and made only if it is not there. It appears under its name complete, open to all
whatever the umask: nobody ever meets it half made, even if who made it was killed on the way.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dlmagic.devices.leases.kernel import lock_now, unlock
from dlmagic.devices.reading import Reason

_GUARDED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
READ = os.O_RDONLY | _GUARDED
WRITE = os.O_RDWR | _GUARDED
FOLDER = "."
"""The name under which a folder itself is locked."""

_FOR_ALL = 0o666
_TRIES = 10


class LockFile:
    """A file in a folder, that can be locked, and must be closed; see :func:`closing`.

    A fork of this process shares the lock. It is freed when both have closed the file or ended;
    or at once, for both, when the process that opened the file closes it.

    Args:
        folder: Descriptor of the folder; open at least until the lock is had.
        name: Of the file.
    """

    def __init__(self, folder: int, name: str) -> None:
        self._folder, self._name = folder, name
        self._descriptor: int | None = None
        self._pid = os.getpid()

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self._name

    def try_lock(self, *, shared: bool = False) -> bool | Reason:
        """Whether it is locked now; it does not wait. The reason where it cannot be.

        Args:
            shared: Let others have a shared lock on it, too.
        """
        for _ in range(_TRIES):
            if self._descriptor is None:
                opened = open_or_make(self._folder, self._name)
                if isinstance(opened, Reason):
                    return opened
                self._descriptor = opened
            locked = lock_now(self._descriptor, "shared" if shared else "alone")
            if isinstance(locked, Reason) or self.is_in_place(self._folder):
                return locked
            self.close()  # it was removed meanwhile, and another may bear its name
        return False

    def is_in_place(self, folder: int) -> bool:
        """Whether the open file is the one that others find under its name."""
        if self._descriptor is None:
            return False
        try:
            found = os.stat(self._name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        return found.st_nlink > 0 and os.path.samestat(found, os.fstat(self._descriptor))

    def write(self, content: bytes) -> bool:
        """Let this be all that is in it; whether that could be done."""
        if self._descriptor is None:
            return False
        try:
            os.pwrite(self._descriptor, content, 0)
            os.ftruncate(self._descriptor, len(content))
        except OSError:  # another's file that may only be read, or a full disk
            return False
        return True

    def touch(self) -> None:
        """Let it be seen that whoever has it is still there."""
        if self._descriptor is not None:
            try:
                os.utime(self._descriptor)
            except OSError:
                return

    def close(self) -> None:
        """Free the lock and close the file; in a fork, only let go of its own share.

        Where an interrupt keeps it from that, it can be called again.
        """
        if self._descriptor is None:
            return
        if self._pid == os.getpid():
            unlock(self._descriptor)
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)


@contextmanager
def closing(*files: LockFile) -> Iterator[None]:
    """Close files in the end, and once more if an interrupt came just then."""
    try:
        try:
            yield
        finally:
            _close(files)
    except BaseException:
        _close(files)
        raise


def _close(files: Iterable[LockFile]) -> None:
    for file in files:
        file.close()


def open_or_make(folder: int, name: str) -> int | Reason:
    """The descriptor of a file in a folder, which is made where it is not there."""
    for _ in range(_TRIES):
        try:
            return _checked(_opened(folder, name), name)
        except FileNotFoundError:
            failure = make(folder, name)
            if failure is not None:
                return failure
        except OSError as error:
            return Reason(f"{name} in it cannot be opened ({_words(error)})")
    return Reason(f"{name} in it is removed again and again")


def make(folder: int, name: str) -> Reason | None:
    """Make an empty file that is open to all; no matter if another process was faster."""
    unfinished = f".new-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _GUARDED
        descriptor = os.open(unfinished, flags, 0o600, dir_fd=folder)
    except OSError as error:
        return Reason(f"no file can be made in it ({_words(error)})")
    try:
        os.fchmod(descriptor, _FOR_ALL)
        os.link(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:
        return None
    except OSError as error:
        return Reason(f"no file can be made in it ({_words(error)})")
    finally:
        os.close(descriptor)
        os.unlink(unfinished, dir_fd=folder)
    return None


def _opened(folder: int, name: str) -> int:
    if name == FOLDER:
        return os.open(name, READ, dir_fd=folder)
    try:
        return os.open(name, WRITE, dir_fd=folder)
    except PermissionError:  # made by hand; it can be locked all the same
        return os.open(name, READ, dir_fd=folder)


def _checked(descriptor: int, name: str) -> int | Reason:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode) if name == FOLDER else stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    return Reason(f"{name} in it is not a file")


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
