"""The names that notebooks and other people's code depend on."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import dlmagic


def test_the_names_are_sorted_and_complete() -> None:
    assert dlmagic.__all__ == sorted(dlmagic.__all__)
    assert set(dlmagic.__all__) == set(dlmagic._HOMES)
    assert set(dlmagic.__all__) <= set(dir(dlmagic))


@pytest.mark.parametrize("name", dlmagic.__all__)
def test_every_name_is_the_one_of_its_module(name: str) -> None:
    assert getattr(dlmagic, name) is getattr(import_module(dlmagic._HOMES[name]), name)


def test_every_public_error_of_the_tree_is_exported() -> None:
    errors = import_module("dlmagic.errors")
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.DLMagicError)
    }
    assert tree <= set(dlmagic.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="benhc"):
        _ = dlmagic.benhc


def test_star_import_brings_the_public_names() -> None:
    code = "from dlmagic import *; print(sorted(n for n in globals() if not n.startswith('_')))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == str(dlmagic.__all__)
