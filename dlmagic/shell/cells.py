"""A cell on its way from the shell into dlmagic, and its result on the way back."""

from __future__ import annotations

import argparse
import io
import re
import tokenize
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from dlmagic.cell.source import CellSource, name_of_users_file
from dlmagic.shell.ownership import belongs_to_dlmagic


def cell_source(shell: InteractiveShell, magic_line: str, body: str) -> CellSource:
    """The source of a cell below a magic, with the shell's syntax and file names.

    Args:
        shell: Where the cell was typed.
        magic_line: The first line of the cell, such as ``"%%dlbench --time 2"``.
        body: All lines below it.
    """
    return CellSource.from_text(
        f"{magic_line}\n{body}",
        magic=True,
        transform=shell.transform_cell,
        register=lambda text: register(shell, text),
        flags=shell.compile.flags,
    )


def expression_source(shell: InteractiveShell, expression: str) -> CellSource:
    """The source of a line magic's expression, as a cell of one line."""
    return CellSource.from_text(
        expression,
        transform=shell.transform_cell,
        register=lambda text: register(shell, text),
        flags=shell.compile.flags,
    )


def register(shell: InteractiveShell, text: str) -> str:
    """Let tracebacks show the lines of this text as those of the cell that is running.

    Returns:
        The file name that stands for the text, which IPython shows as ``Cell In[5]``.
    """
    compiler: Any = shell.compile
    return str(compiler.cache(text, _running_cell(shell)))


def _running_cell(shell: InteractiveShell) -> int:
    """The number of the cell that is running, the 5 of ``In[5]``.

    The shell's own count is ahead of it since IPython 9, which counts before it runs.
    """
    hook: Any = shell.displayhook
    running = hook.exec_result.execution_count if hook.exec_result else None
    return int(running or shell.execution_count)


def name_of_cell(shell: InteractiveShell, file: str) -> str | None:
    """What the user calls the code of a file: ``"Cell In[3]"``, or the name of a file of theirs.

    Returns:
        None for code that is not the user's: Python's, or that of an installed package.
    """
    compiler: Any = shell.compile
    known = getattr(compiler, "format_code_name", lambda _file: None)(file)  # IPython 8 and later
    if known:
        return " ".join(known)
    number = _INPUT_OF_IPYTHON_7.match(file)
    if number:
        return f"Cell In[{number[1]}]"
    if _IN_KERNEL_OF_IPYTHON_7.search(file):
        return "another cell"
    return name_of_users_file(file)


_INPUT_OF_IPYTHON_7 = re.compile(r"^<ipython-input-(\d+)-")
_IN_KERNEL_OF_IPYTHON_7 = re.compile(r"[/\\]ipykernel_\d+[/\\]\d+\.py$")


def uses_own_magic(shell: InteractiveShell, text: str) -> bool:
    """Whether a cell begins with any cell magic, or has one of dlmagic's on a line."""
    if text.lstrip().startswith("%%"):
        return True
    if "%" not in text:
        return False
    # Not by the manager's table, which IPython 9 fills when it is read.
    configurables: list[Any] = shell.configurables
    own = [getattr(each, "magics", {}) for each in configurables if belongs_to_dlmagic(each)]
    return any(f"%{name}" in text for magics in own for name in magics.get("line", ()))


def ends_with_semicolon(cell: str) -> bool:
    """Whether a plain run of the cell would not show its last value."""
    silent = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(cell).readline))
    except (tokenize.TokenError, SyntaxError):  # a line of IPython's own syntax
        return cell.rstrip().endswith(";")
    said = [token.string for token in tokens if token.type not in silent]
    return said[-1:] == [";"]


def deliver(shell: InteractiveShell, options: argparse.Namespace, result: object) -> object:
    """Store a result under the name that ``-o`` gives; the value of the magic.

    Returns:
        The result, or None with ``-q``.
    """
    if options.output:
        shell.push({options.output: result})
    return None if options.quiet else result
