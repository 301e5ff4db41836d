"""``%tensors`` in a shell."""

from __future__ import annotations

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dlmagic.magics.tensors.result import TensorTable


def test_the_table_is_the_value(loaded: InteractiveShell) -> None:
    loaded.run_cell("import numpy as np\nfirst = np.ones(3)\nsecond = first[1:]")
    found = loaded.run_line_magic("tensors", "")
    assert isinstance(found, TensorTable)
    assert [each.name for each in found.tensors] == ["first", "second"]
    assert "first" in repr(found)
    assert "shares memory with second" in " ".join(repr(found).split())


def test_options_may_stand_on_both_sides_of_the_pattern(loaded: InteractiveShell) -> None:
    loaded.user_ns.update(x1=np.ones(3), x2=np.ones(9), y=np.ones(1))
    for line in ("x* --sort size", "--sort size x*", "--sort=size 'x*' --values"):
        found = loaded.run_line_magic("tensors", line)
        assert [each.name for each in found.tensors] == ["x2", "x1"]
    with pytest.raises(UsageError, match="no use for 'y'"):
        loaded.run_line_magic("tensors", "x* y")


def test_results_and_the_last_error_are_known(loaded: InteractiveShell) -> None:
    loaded.run_cell("import numpy as np\nx = np.ones(3)")
    loaded.run_cell("x", store_history=True)
    number = loaded.execution_count - 1
    found = loaded.run_line_magic("tensors", "x")
    assert found["x"].kept_by == (f"Out[{number}]",)


def test_an_error_under_time_keeps_no_more_than_it_would_alone(loaded: InteractiveShell) -> None:
    loaded.run_cell("import numpy as np\nx, y = np.ones(3), np.ones(4)\ndef fail(z): z @ y")
    loaded.run_cell("%%time\nfail(x)")
    loaded.user_ns["later"] = np.ones(7)
    found = loaded.run_line_magic("tensors", "")
    kept = {each.name: each.kept_by for each in found.tensors}
    assert kept == {"later": (), "x": ("the last error",), "y": ()}


def test_an_empty_notebook_has_none(loaded: InteractiveShell) -> None:
    assert "There are no tensors." in repr(loaded.run_line_magic("tensors", ""))


def test_it_is_stored_and_silent_on_request(loaded: InteractiveShell) -> None:
    loaded.user_ns["x"] = np.ones(3)
    assert loaded.run_line_magic("tensors", "-q -o found") is None
    assert loaded.user_ns["found"]["x"].shape == (3,)


def test_slips_get_one_line(loaded: InteractiveShell) -> None:
    loaded.user_ns["images"] = np.ones(3)
    with pytest.raises(UsageError, match="Did you mean images"):
        loaded.run_line_magic("tensors", "image")
    with pytest.raises(UsageError, match="Did you mean size"):
        loaded.run_line_magic("tensors", "--sort sise")


def test_above_a_cell_it_watches_and_shows_the_value(loaded: InteractiveShell) -> None:
    loaded.run_cell("import torch\nx = torch.ones(3)")
    found = loaded.run_cell_magic("tensors", "", "x.double()\ny = x + 1\ny.sum()")
    (finding,) = found.findings
    assert (finding.kind, finding.line, finding.source) == ("result-thrown-away", 2, "x.double()")
    assert loaded.user_ns["y"].tolist() == [2, 2, 2]


def test_options_of_the_other_form_are_refused(loaded: InteractiveShell) -> None:
    with pytest.raises(UsageError, match="takes --hints, --on, -o and -q alone"):
        loaded.run_cell_magic("tensors", "x*", "y = 1")
    with pytest.raises(UsageError, match="--hints is for %%tensors"):
        loaded.run_line_magic("tensors", "--hints")
