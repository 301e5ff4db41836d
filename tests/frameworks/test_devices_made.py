"""What frameworks tell of their devices; where private names have moved, they say less.

Over whole processes this is tested with CUDA's double: tests/devices/cuda/test_state.py.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import SimpleNamespace

import pytest

from dlmagic.frameworks.devices_made import DevicesMade, devices_made


def told_by(framework: str) -> DevicesMade:
    found: DevicesMade = import_module(
        f"dlmagic.frameworks.{framework}.devices_made"
    ).devices_made()
    return found


def private(framework: str):
    pytest.importorskip(framework)
    return import_module(f"dlmagic.frameworks.{framework}._compat")


def test_all_that_are_imported_are_asked() -> None:
    for framework in ("torch", "tensorflow", "jax", "numba"):
        pytest.importorskip(framework)
    names = [each.framework for each in devices_made()]
    assert names == ["PyTorch", "TensorFlow", "JAX", "numba"]


@pytest.mark.parametrize(
    ("build", "started", "expected"),
    [(None, False, False), ("13.0", False, None), ("13.0", True, True)],
)
def test_torch_tells_that_it_has_started_cuda(monkeypatch, build, started, expected) -> None:
    import torch

    monkeypatch.setattr(torch.version, "cuda", build)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: started)
    found = told_by("torch")
    assert (found.started_cuda, found.settled, found.decided) == (expected, None, started)


def test_torch_tells_of_a_fork_and_says_less_without_the_name(monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: True)
    assert told_by("torch").forked
    monkeypatch.delattr(torch.cuda, "_is_in_bad_fork")
    assert not told_by("torch").forked


@pytest.mark.parametrize(
    ("platforms", "started", "settled"),
    [
        (("cpu",), False, "JAX has made its devices (cpu)"),
        (("cpu", "cuda"), True, None),
        (None, None, "JAX may have made its devices"),
    ],
)
def test_jax_tells_which_devices_it_has_made(monkeypatch, platforms, started, settled) -> None:
    monkeypatch.setattr(private("jax"), "is_started", lambda: True)
    monkeypatch.setattr(private("jax"), "platforms_made", lambda: platforms)
    monkeypatch.setattr(private("jax"), "is_built_for", lambda _: True)
    assert told_by("jax") == DevicesMade("JAX", started, settled, decided=True)


def test_jax_without_devices_has_decided_nothing(monkeypatch) -> None:
    monkeypatch.setattr(private("jax"), "is_started", lambda: False)
    assert told_by("jax") == DevicesMade("JAX", started_cuda=False)
    monkeypatch.setattr(private("jax"), "_private", lambda *_: None)
    assert private("jax").platforms_made() is None
    assert private("jax").is_built_for("cuda")


def test_jax_that_is_built_for_the_cpu_alone_keeps_nobody_from_a_gpu(monkeypatch) -> None:
    monkeypatch.setattr(private("jax"), "is_started", lambda: True)
    monkeypatch.setattr(private("jax"), "platforms_made", lambda: ("cpu",))
    monkeypatch.setattr(private("jax"), "is_built_for", lambda _: False)
    assert told_by("jax").settled is None


@pytest.mark.parametrize(
    ("listed", "taken", "expected"),
    [
        ((), False, DevicesMade("TensorFlow", False)),
        (("CPU", "GPU"), False, DevicesMade("TensorFlow", True)),
        (("CPU", "GPU"), True, DevicesMade("TensorFlow", True, decided=True)),
        (
            ("CPU",),
            False,
            DevicesMade("TensorFlow", False, "TensorFlow has listed its devices (CPU)"),
        ),
    ],
)
def test_tensorflow_tells_how_far_it_has_got(monkeypatch, listed, taken, expected) -> None:
    compat = private("tensorflow")
    monkeypatch.setattr(compat.tf.test, "is_built_with_gpu_support", lambda: True)
    monkeypatch.setattr(compat, "devices", lambda: compat.Devices(listed, taken))
    assert told_by("tensorflow") == expected


def test_tensorflow_that_is_built_for_the_cpu_alone_keeps_nobody_from_a_gpu(monkeypatch) -> None:
    compat = private("tensorflow")
    monkeypatch.setattr(compat.tf.test, "is_built_with_gpu_support", lambda: False)
    monkeypatch.setattr(compat, "devices", lambda: compat.Devices(("CPU",), taken=True))
    assert told_by("tensorflow") == DevicesMade("TensorFlow", False, decided=True)


def test_tensorflow_says_less_without_its_context(monkeypatch) -> None:
    compat = private("tensorflow")
    monkeypatch.setattr(compat, "_internal", lambda *_: lambda: None)
    assert compat.devices() == compat.Devices((), taken=False)
    monkeypatch.setattr(compat, "_internal", lambda *_: None)
    assert compat.devices() is None
    assert told_by("tensorflow").settled == "TensorFlow may have listed its devices"


def test_numba_tells_how_its_only_try_went(monkeypatch) -> None:
    compat = private("numba")

    def with_driver(*values) -> DevicesMade:
        monkeypatch.setattr(compat, "cuda_driver", lambda: compat.CudaDriver(*values))
        return told_by("numba")

    assert with_driver(False, None, None) == DevicesMade("numba", False)
    assert with_driver(True, None, os.getpid()) == DevicesMade("numba", True, decided=True)
    assert with_driver(True, None, os.getpid() + 1).forked
    failed = with_driver(True, "\nCUDA driver library cannot be found.\nIf you are", None)
    assert failed.settled == "numba has found no CUDA (CUDA driver library cannot be found)"


def test_numba_is_not_started_by_asking(monkeypatch) -> None:
    class Driver:
        def __getattr__(self, name: str) -> None:
            raise AssertionError(f"asked for {name}, which starts CUDA")

    monkeypatch.setitem(
        private("numba").sys.modules, "numba.cuda.cudadrv.driver", SimpleNamespace(driver=Driver())
    )
    assert private("numba").cuda_driver() is None
