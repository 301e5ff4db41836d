"""The settings that ``%config DLMagic`` lists."""

from __future__ import annotations

import math
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets import Bool, Float, TraitError, validate
from traitlets.config import Configurable


class DLMagic(Configurable):
    """Settings of dlmagic; an option given to a magic goes before its setting here."""

    bench_time = Float(
        5.0, help="Seconds that %%dlbench measures for, without compiling: the default of --time."
    ).tag(config=True)

    cluster_timeout = Float(
        300.0,
        help="Seconds without a word from the engines behind --on, after which they are "
        "interrupted; more than anything takes there in one piece, such as compiling.",
    ).tag(config=True)

    explain_errors = Bool(
        True, help="Whether an error is explained under its traceback; %explain does so on request."
    ).tag(config=True)

    check_cells = Bool(
        True,
        help="Whether a cell that has run is checked for mistakes that raise nothing, as far as "
        "that needs no watching; %%tensors watches a cell.",
    ).tag(config=True)

    @validate("bench_time", "cluster_timeout")
    def _above_zero(self, proposal: dict[str, Any]) -> float:
        seconds, name = float(proposal["value"]), proposal["trait"].name
        if not (seconds > 0 and math.isfinite(seconds)):
            raise TraitError(f"DLMagic.{name} takes a number above 0, not {seconds:g}.")
        return seconds


def settings(shell: InteractiveShell) -> DLMagic:
    """The settings in force in this shell; the defaults where dlmagic is not loaded."""
    for configurable in shell.configurables:
        if isinstance(configurable, DLMagic):
            return configurable
    return DLMagic(parent=shell)
