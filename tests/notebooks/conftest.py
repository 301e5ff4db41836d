"""What the tests of the notebooks share."""

from tests.notebooks.executed import executed_quickstart

__all__ = ["executed_quickstart"]
