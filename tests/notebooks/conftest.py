"""What the tests of the notebooks share."""

from tests.notebooks.executed import execute, executed_quickstart

__all__ = ["execute", "executed_quickstart"]
