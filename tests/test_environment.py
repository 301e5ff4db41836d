from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

import dlmagic
from dlmagic.environment import Environment


def test_it_describes_this_process() -> None:
    environment = Environment.capture()
    assert environment.dlmagic == dlmagic.__version__
    assert environment.python == ".".join(map(str, sys.version_info[:3]))
    assert environment.memory_bytes == psutil.virtual_memory().total
    assert 1 <= environment.cores <= (os.cpu_count() or 1)
    assert environment.processor
    assert environment.packages["numpy"] == np.__version__
    age = datetime.now(UTC) - datetime.fromisoformat(environment.created)
    assert 0 <= age.total_seconds() < 60


def test_its_fields_are_plain_json_data() -> None:
    fields = dataclasses.asdict(Environment.capture())
    assert json.loads(json.dumps(fields, allow_nan=False)) == {
        **fields,
        "devices": list(fields["devices"]),
    }


def test_it_names_a_framework_only_when_the_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "tensorflow", "keras", "jax", "numba"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert set(Environment.capture().packages) == {"numpy", "scipy"}

    cuda = SimpleNamespace(is_initialized=lambda: False)
    torch = SimpleNamespace(__version__="2.13.0", get_num_threads=lambda: 2, cuda=cuda)
    monkeypatch.setitem(sys.modules, "torch", torch)  # type: ignore[arg-type]
    environment = Environment.capture()
    assert environment.packages["torch"] == "2.13.0"
    assert (environment.threads, environment.devices) == ({"torch": 2}, ())


def test_it_names_the_devices_that_are_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(
        is_initialized=lambda: True, device_count=lambda: 2, get_device_name="GPU {}".format
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))  # type: ignore[arg-type]
    assert Environment.capture().devices == ("GPU 0", "GPU 1")


def test_looking_imports_no_framework_and_starts_no_process() -> None:
    code = (
        "import sys, dlmagic, subprocess; subprocess.Popen = None; dlmagic.Environment.capture();"
        "print(sorted({'torch', 'scipy', 'tensorflow', 'jax', 'numba'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[]"


def test_asking_for_numbas_threads_starts_none() -> None:
    """Its threads, once started, set how many PyTorch uses."""
    code = (
        "import numba, dlmagic\n"
        "print(dlmagic.Environment.capture().threads['numba'] == numba.config.NUMBA_NUM_THREADS)\n"
        "try:\n    print(numba.threading_layer())\nexcept ValueError:\n    print('not started')\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.split("\n")[:2] == ["True", "not started"]
