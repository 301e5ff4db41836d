"""Two ways to run a cell, each in a fresh shell: plainly, and through the cell machinery."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.util
import io
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.source import CellSource
from tests.cell.describe import Describer, scrub
from tests.conftest import OF_DYNAMO, let_go, shell_config

torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
THREADS = torch.get_num_threads() if torch else 0

IMPORTABLE = Path(__file__).with_name("importable")
MAGIC_LINE = "%%proof"

# The differences to a plain run that were decided on, with the reasons. Nothing else may differ.
DECIDED_DIFFERENCES = {
    "__annotations__": "an annotated assignment in a function keeps no annotation; written only "
    "for type checkers and dataclasses, the notebook's own __annotations__ is read by nobody",
    "__conditional_annotations__": "belongs to __annotations__ from Python 3.14 on",
    "__annotate__": "belongs to __annotations__ from Python 3.14 on",
}
# A function's caller holds its inputs: what a cell lets go of is freed when the cell ends.
FREED_AT_THE_END = frozenset(
    {
        "a helper called by a finaliser",
        "del runs a finaliser at once",
        "rebinding runs a finaliser at once",
        "the last use frees nothing early",
    }
)
# The written form is for tools that read source. It is a function in every respect: its
# lambdas are named after it.
OTHERWISE_WHEN_WRITTEN = FREED_AT_THE_END | {
    "pickle of a lambda fails as always",
    "syntax warning: invalid escape",  # whoever parses the text again is warned again
}
# What the shell writes for itself; the cell's text is one line longer below a magic.
SHELL_NAMES = frozenset(
    {"In", "_ih", "_dh", "_oh", "_i", "_ii", "_iii", "exit", "quit", "open", "get_ipython"}
    | {"__builtin__", "__builtins__"}
)

# Runs a compiled cell in another way than commit() does; may add to the file names of cells.
Commit = Callable[[CellFunction, dict[str, int]], object]


@dataclass
class World:
    """A shell and what happened in it.

    Attributes:
        shell: A fresh shell.
        shifts: The file names of the cells, each with the number of lines above the cell.
        seen: What happened, by cell and kind, described without addresses.
    """

    shell: InteractiveShell
    shifts: dict[str, int] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)
    above: int = 0

    def run(self, label: str, text: str) -> BaseException | None:
        """Run a cell as a notebook does and note all that can be seen of it."""
        printed, reported = io.StringIO(), io.StringIO()
        self.above = -_blank_lines_at_the_top(text)
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(reported),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            result = self.shell.run_cell(text, store_history=True)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        self.seen[label] = {
            "output": scrub(printed.getvalue()),
            "error output": scrub(reported.getvalue()),
            "warnings": tuple(self.warning(item) for item in warned if not _of_shell(item)),
            "value": self.describer()(result.result),
            "error": None if error is None else self.describer()(error),
        }
        return error

    def describer(self) -> Describer:
        return Describer(self.shell.user_ns, self.shifts)

    def warning(self, item: warnings.WarningMessage) -> object:
        line = item.lineno - self.shifts.get(item.filename, 0)
        where = "cell" if item.filename in self.shifts else Path(item.filename).name
        return (item.category.__name__, scrub(str(item.message)), where, line)

    def finish(self) -> dict[str, object]:
        """All that was seen, and the namespace and the ambient state at the end."""
        describe = self.describer()
        names = {
            name: describe(self.value_of(name))
            for name in sorted(self.shell.user_ns)
            if name not in SHELL_NAMES | DECIDED_DIFFERENCES.keys()
            and not (_is_input(name) or OF_DYNAMO.match(name))
        }
        return {**self.seen, "namespace": names, "ambient": ambient()}

    def value_of(self, name: str) -> object:
        """A value of the namespace; of warnings given, the lines are compared elsewhere."""
        value: Any = self.shell.user_ns[name]
        if name != "__warningregistry__":
            return value
        return sorted(str(key[:2]) for key in value if key != "version")


def plain(setup: str, text: str, after: str) -> dict[str, object]:
    """Run a cell in a world of its own as it is."""
    with world() as here:
        _set_up(here, setup)
        here.run("cell", text)
        if after:
            here.run("after", after)
        return here.finish()


def machinery(
    setup: str,
    text: str,
    after: str,
    commit: Commit | None = None,
) -> dict[str, object]:
    """Run a cell in a world of its own below a magic line, through the machinery."""
    with world() as here:
        _set_up(here, setup)
        _register_magic(here, commit)
        body = text or "\n"  # IPython itself refuses a cell magic without a body
        here.run("cell", f"{MAGIC_LINE}\n{body}")
        if after:
            here.run("after", after)
        return here.finish()


def _set_up(here: World, setup: str) -> None:
    error = here.run("set-up", setup) if setup else None
    assert error is None, f"the set-up of the cell fails: {error!r}"


def _register_magic(here: World, commit: Commit | None) -> None:
    def proof(line: str, body: str) -> object:
        text = f"{MAGIC_LINE}\n{body}"
        source = CellSource.from_text(
            text,
            magic=True,
            transform=here.shell.transform_cell,
            flags=here.shell.compile.flags,
        )
        here.shifts[source.filename] = 1
        made = compile_cell(source, here.shell.user_ns)
        value = commit(made, here.shifts) if commit else made.commit()
        return None if _silenced(here.shell, body) else value

    here.shell.register_magic_function(proof, "cell")


def _silenced(shell: InteractiveShell, body: str) -> bool:
    """Whether the cell ends in a semicolon; the shell would look at the magic's own call."""
    ends = getattr(DisplayHook, "semicolon_at_end_of_expression", None)
    if ends is not None:
        return bool(ends(body))
    last = [line for line in body.splitlines() if line.split("#")[0].strip()][-1:]
    return bool(last) and last[0].split("#")[0].strip().endswith(";")


@contextlib.contextmanager
def world() -> Iterator[World]:
    """A fresh shell, equal ambient state, and modules that are imported for the first time."""
    InteractiveShell.clear_instance()
    module = ModuleType("__main__")
    directory, path, filters = Path.cwd(), list(sys.path), list(warnings.filters)
    shell = InteractiveShell.instance(config=shell_config(), user_module=module)
    here = World(shell)
    _note_filenames(here)
    # The error itself is compared, not its picture, which takes most of the time.
    shell.showtraceback = shell.showsyntaxerror = _nothing
    shell._format_exception_for_storage = _nothing
    sys.path.insert(0, str(IMPORTABLE))
    reset_ambient()
    try:
        yield here
    finally:
        _forget_importable()
        sys.path[:] = path
        os.chdir(directory)
        warnings.filters[:] = filters
        reset_ambient()
        if torch is not None:
            torch.set_num_threads(THREADS)
        shell.restore_sys_module_state()
        _run_finalisers(shell)
        atexit.unregister(shell.atexit_operations)  # hundreds of shells, and nothing to save
        InteractiveShell.clear_instance()


def _run_finalisers(shell: InteractiveShell) -> None:
    """Run the finalisers of a world now: IPython keeps some, and the next ones would hear them."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        let_go(shell.user_ns)
        if any("__del__" in text for text in shell.history_manager.input_hist_raw):
            gc.collect()


def _note_filenames(here: World) -> None:
    """Keep the names under which the shell compiles the cells that are run plainly."""
    compiler: Any = here.shell.compile
    original = compiler.cache

    def cache(code: str, *others: Any, **named: Any) -> Any:
        name = original(code, *others, **named)
        if "run_cell_magic('proof'" not in code:
            here.shifts[name] = here.above
        return name

    compiler.cache = cache


def _blank_lines_at_the_top(text: str) -> int:
    """How many lines IPython takes away before it counts; users and dlmagic count them."""
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _forget_importable() -> None:
    for name in [name for name in sys.modules if name.startswith("proof_")]:
        del sys.modules[name]


def _nothing(*arguments: object, **named: object) -> None:
    pass


def _of_shell(item: warnings.WarningMessage) -> bool:
    """What IPython's own trial of a plain cell warns of, and its advice after SystemExit."""
    return item.filename == "<>" or "use 'exit', 'quit', or Ctrl-D" in str(item.message)


def _is_input(name: str) -> bool:
    return name.startswith("_i") and name[2:].isdigit()


def ambient() -> dict[str, object]:
    """Global state that a cell may have changed, as plain values."""
    generator = np.random.get_state(legacy=False)
    state: dict[str, object] = {
        "random": hash(random.getstate()),
        "directory": str(Path.cwd()),
        "numpy.random": repr({**generator, "state": generator["state"]["key"].tobytes()}),
        "numpy.geterr": tuple(sorted(np.geterr().items())),
    }
    if torch is not None:
        state["torch"] = (
            bytes(torch.get_rng_state().numpy()),
            str(torch.get_default_dtype()),
            torch.is_grad_enabled(),
            torch.get_num_threads(),
        )
    return state


def reset_ambient() -> None:
    """The same start for every world."""
    random.seed(0)
    np.random.seed(0)
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    np.seterrcall(None)
    np.set_printoptions(precision=8)
    if torch is not None:
        _reset_torch()


def _reset_torch() -> None:
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.set_num_threads(1)  # more would wait for each other on a busy machine
    torch.use_deterministic_algorithms(False)
    torch.autograd.set_detect_anomaly(False)
    torch.set_autocast_enabled("cpu", False)
    torch.set_float32_matmul_precision("highest")
    torch.set_printoptions(profile="default")
    torch.backends.cudnn.benchmark = False
    torch.backends.mkldnn.enabled = True
    torch.backends.cuda.enable_math_sdp(True)
    torch.utils.hooks.RemovableHandle.next_id = 0
    torch.manual_seed(0)
