"""What all tests share: a fresh shell, and a check that nothing is left behind."""

from __future__ import annotations

import builtins
import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import settings
from IPython import version_info
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.room_times import PLACES, RoomTimes

# The same examples in every run, and no limit on time that a busy machine could break.
settings.register_profile("dlmagic", derandomize=True, deadline=None)
settings.load_profile("dlmagic")

# What Dynamo keeps in the globals of the functions that it has compiled.
OF_DYNAMO = re.compile(r"__(compiled_fn|resume_at|import|builtins_dict_)_")

# wandb reports its errors to its makers over the network, from threads of its own.
os.environ["WANDB_ERROR_REPORTING"] = "false"

# On by itself on some processors only, where TensorFlow keeps memory, rounds and refuses otherwise.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


def pytest_addoption(parser: pytest.Parser) -> None:
    what = "show the seconds that each folder of tests, each file or each test has cost"
    parser.addoption("--room-times", choices=[*PLACES], nargs="?", const="rooms", help=what)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.room_times:
        config.pluginmanager.register(RoomTimes(config.option.room_times))


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No test leaves a thread, a trace function or a switched-off garbage collector."""
    threads = set(threading.enumerate())
    state = process_state()
    yield
    vars(builtins).pop("_", None)  # doctest leaves it there, and IPython then takes its own away
    for thread in set(threading.enumerate()) - threads:
        thread.join(timeout=1)  # one that is about to end is none that was left behind
    left = [thread.name for thread in set(threading.enumerate()) - threads if lasting(thread)]
    assert not left, f"threads left behind: {left}"
    assert process_state() == state


def process_state() -> dict[str, object]:
    return {
        "garbage collector is on": gc.isenabled(),
        "trace function": sys.gettrace(),
        "profile function": sys.getprofile(),
        "standard output": sys.stdout,
    }


def lasting(thread: threading.Thread) -> bool:
    """Threads of libraries that start them once per process are not ours to end."""
    libraries = ("IPythonHistorySavingThread", "tqdm", "ThreadPoolExecutor")
    inductor = ("InductorSubproc", "subproc_worker_timer")
    return not thread.name.startswith(
        # The last ones wait for the engines that a test starts anew.
        (*libraries, *inductor, "wandb-AsyncioManager", "wandb-ServiceFinalizer", "wait(pid=")
    )


@pytest.fixture(autouse=True, scope="module")
def only_new_objects_are_searched() -> Iterator[None]:
    """Spare the garbage collector, which benchmarks call often, all that was there before."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Interrupts arrive, also in a process that was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A fresh IPython whose namespace is that of ``__main__``, as in a notebook."""
    InteractiveShell.clear_instance()
    user_module = ModuleType("__main__")
    user_module.__dict__["__builtins__"] = __builtins__
    shell = InteractiveShell.instance(config=shell_config(), user_module=user_module)
    yield shell
    let_go(shell.user_ns)  # %reset would collect garbage, a second per test
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def let_go(namespace: dict[str, object]) -> None:
    """Empty a namespace: what was made last goes first, so that its finaliser finds what it calls.

    Dynamo takes its own names away itself, when the code that needs them goes.
    """
    for name in [name for name in reversed(namespace) if not OF_DYNAMO.match(name)]:
        namespace.pop(name, None)


def shell_config() -> Config:
    config = Config()
    config.HistoryManager.enabled = False  # no database, no thread that writes to it
    # IPython 9 writes the name in lower case.
    config.InteractiveShell.colors = "nocolor" if version_info >= (9,) else "NoColor"
    return config


@pytest.fixture(autouse=True)
def settings_of_jax_are_put_back() -> Iterator[None]:
    """A cell may change them, and they are those of the process."""
    names = ("jax_enable_x64", "jax_debug_nans")
    jax = sys.modules.get("jax")
    before = {name: getattr(jax.config, name) for name in names} if jax is not None else {}
    yield
    jax = sys.modules.get("jax")
    for name in names if jax is not None else ():
        if getattr(jax.config, name) != before.get(name, False):
            jax.config.update(name, before.get(name, False))
