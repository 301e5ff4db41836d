"""What is offered against a framework that takes all memory; the names are the frameworks' own."""

from __future__ import annotations

import os
from pathlib import Path

import jaxlib.xla_client
import pytest

from dlmagic.devices.cuda.preallocating import Preallocating, preallocating
from dlmagic.frameworks.devices_made import DevicesMade

tf = pytest.importorskip("tensorflow")


def told(framework: str, environment=None, *made: DevicesMade) -> Preallocating:
    found = preallocating(environment or {}, made)
    return next(each for each in found if each.framework == framework)


def variables(found: Preallocating) -> list[str]:
    codes = [switch.code for switch in found.switches if switch.code.startswith("%env ")]
    return [code.removeprefix("%env ").partition("=")[0] for code in codes]


def test_before_it_is_imported_variables_help() -> None:
    jax, tensorflow = told("JAX"), told("TensorFlow")
    assert variables(jax) == ["XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_CLIENT_MEM_FRACTION"]
    assert variables(tensorflow) == ["TF_FORCE_GPU_ALLOW_GROWTH"]
    assert len(tensorflow.switches) == 1
    assert not jax.loaded
    assert jax.too_late is None


def test_imported_but_without_devices_they_help_and_so_does_the_framework() -> None:
    found = told("TensorFlow", None, DevicesMade("TensorFlow", False))
    assert found.loaded
    assert variables(found) == ["TF_FORCE_GPU_ALLOW_GROWTH"]
    assert "set_memory_growth" in found.switches[1].code


@pytest.mark.parametrize("framework", ["JAX", "TensorFlow"])
def test_with_devices_it_is_too_late(framework: str) -> None:
    found = told(framework, None, DevicesMade(framework, True, decided=True))
    assert found.switches == ()
    assert str(found.too_late) == f"{framework} has taken its devices: restart the kernel first"


@pytest.mark.parametrize(
    ("framework", "variable"),
    [
        ("JAX", "XLA_PYTHON_CLIENT_PREALLOCATE"),
        ("JAX", "XLA_CLIENT_MEM_FRACTION"),
        ("JAX", "XLA_PYTHON_CLIENT_MEM_FRACTION"),
        ("TensorFlow", "TF_FORCE_GPU_ALLOW_GROWTH"),
    ],
)
def test_what_is_set_is_named_and_nothing_offered_beside_it(framework, variable: str) -> None:
    found = told(framework, {variable: "x"})
    assert (found.chosen, found.switches) == ((f"{variable}=x",), ())


def test_jax_reads_these_names(monkeypatch) -> None:
    for name in list(os.environ):
        if name.startswith("XLA_"):
            monkeypatch.delenv(name)
    options = jaxlib.xla_client.generate_pjrt_gpu_plugin_options
    assert not {"preallocate", "memory_fraction"} & options().keys()
    for switch in told("JAX").switches:
        name, _, value = switch.code.removeprefix("%env ").partition("=")
        monkeypatch.setenv(name, value)
    assert options()["preallocate"] is False
    assert options()["memory_fraction"] == 0.4
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", ".5")
    with pytest.raises(ValueError, match="together"):
        options()


def test_tensorflow_knows_these_names() -> None:
    (library,) = Path(tf.__file__).parent.glob("libtensorflow_framework.so*")
    assert b"TF_FORCE_GPU_ALLOW_GROWTH" in library.read_bytes()
    assert callable(tf.config.experimental.set_memory_growth)
    code = told("TensorFlow", None, DevicesMade("TensorFlow", False)).switches[1].code
    exec(code, {"tf": tf})


def test_the_frameworks_of_this_process_are_asked() -> None:
    tf.ones(1)
    found = next(each for each in preallocating() if each.framework == "TensorFlow")
    assert found.loaded
    assert found.too_late is not None
