"""A live view is hardly noticed: less than a hundredth of a core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.devices.double.boards import GIB, Board, Process
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.shell.kernels import started_kernel

LIMIT = 0.01
ATTEMPTS = 3
"""The least counts: whatever else the kernel does can only add to it."""

MEASURE = """
import time
begun, used = time.monotonic(), time.process_time()
time.sleep({seconds})
(time.process_time() - used) / (time.monotonic() - begun)
"""


@pytest.mark.alone
def test_eight_gpus_once_a_second_take_less_than_a_hundredth_of_a_core(
    libraries: Libraries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = [tuple(Process(100 + 8 * k + n) for k in range(3)) for n in range(8)]
    played = Machine(tmp_path, [Board(used=GIB, processes=each) for each in share], logging=False)
    for name, value in played.environment(libraries.of("580")).items():
        monkeypatch.setenv(name, value)
    with started_kernel() as kernel:
        kernel.run("from dlmagic.magics.gpus.live.session import live, stop\nlive(1)")
        assert "of 8 GPUs" in kernel.text("display_data")
        shares: list[float] = []
        while len(shares) < ATTEMPTS and min(shares, default=1) > LIMIT:
            kernel.run(MEASURE.format(seconds=5))
            shares.append(float(kernel.text("execute_result")))
        kernel.run("stop()")
    played.close()
    assert min(shares) <= LIMIT, shares


def test_loading_the_extension_does_not_import_it() -> None:
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "import dlmagic; dlmagic.load_ipython_extension(InteractiveShell.instance())\n"
        "print([name for name in sys.modules if 'live' in name and 'dlmagic' in name])\n"
        "print([name for name in ('anywidget', 'ipywidgets', 'pynvml') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["[]", "[]"]
