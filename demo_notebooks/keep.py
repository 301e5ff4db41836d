"""Execute notebooks and keep them with what they show, without a trace of the machine.

    python -m demo_notebooks.keep demo_notebooks/*.ipynb

What changes from run to run, or names the user, the machine or its folders, is left out, so that
a notebook says the same wherever it was executed, but for its times.
"""

from __future__ import annotations

import argparse
import getpass
import re
import socket
import sys
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from demo_notebooks.run import run

PLACES = {
    r"(?:[A-Za-z]:)?(?:[/\\][\w.@+ -]+)+[/\\]site-packages[/\\]": "site-packages/",
    r"(?:/[\w.@+-]+)+/lib/python3\.\d+/": "python3/",
    r"(?:[A-Za-z]:)?(?:[/\\][\w.@+ ~-]+)+[/\\]ipykernel_\d+[/\\]\d+\.py": "the cell",
}
"""Folders of this machine, and what stands for them."""

FLEETING = "application/vnd.jupyter.widget-view+json"
"""A widget lives as long as its kernel."""


def kept(notebook: NotebookNode) -> NotebookNode:
    """A copy of an executed notebook as it is to be stored."""
    copy = nbformat.from_dict(notebook)
    copy.metadata.pop("widgets", None)
    copy.metadata.language_info = {"name": "python"}
    for cell in copy.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [without_the_machine(each) for each in cell.outputs if is_kept(each)]
    return copy


def is_kept(output: NotebookNode) -> bool:
    """Whether a reader has something of an output."""
    if output.output_type == "stream":
        return output.name == "stdout" or output.text.startswith("UsageError")
    data = output.get("data", {"": "an error"})
    return FLEETING not in data and any(data.values())


def without_the_machine(part: object) -> object:
    """An output, or a part of one, without folders of this machine and names of its own."""
    if isinstance(part, str):
        for pattern, instead in (PLACES | own_names()).items():
            part = re.sub(pattern, instead, part)
        return part
    if isinstance(part, list):
        return [without_the_machine(each) for each in part]
    if isinstance(part, dict):
        return NotebookNode({name: without_the_machine(value) for name, value in part.items()})
    return part


def own_names() -> dict[str, str]:
    """What this machine and its user are called, as patterns, and what stands for it."""
    names = {socket.gethostname(): "this-host", socket.getfqdn(): "this-host"}
    names[str(Path.home())] = "~"
    if (user := getpass.getuser()) != "root":
        names[user] = "me"
    return {
        rf"(?<![\w/-]){re.escape(name)}(?![\w-])": instead
        for name, instead in sorted(names.items(), key=lambda each: -len(each[0]))
    }


def main() -> int:
    """Execute and store each notebook that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("notebooks", type=Path, nargs="+", metavar="notebook")
    for path in parser.parse_args().notebooks:
        try:
            nbformat.write(kept(run(path)), path)
        except CellExecutionError as error:
            print(f"{path} stays as it is: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
