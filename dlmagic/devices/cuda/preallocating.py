"""Frameworks that take (nearly) all memory of a GPU at once, and what can still keep them from it.

Their switches are environment variables, which they read when they make their devices.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.devices_made import DevicesMade, devices_made


@dataclass(frozen=True)
class Switch:
    """A setting that says how much memory is taken.

    Attributes:
        code: What to run for it in a notebook.
        effect: What it does.
    """

    code: str
    effect: str


@dataclass(frozen=True)
class Preallocating:
    """A framework that takes a GPU's memory at once.

    Attributes:
        framework: Such as ``"JAX"``.
        takes: What it takes, and when.
        loaded: Whether the user has imported it.
        chosen: Switches that are set already, such as ``"TF_FORCE_GPU_ALLOW_GROWTH=true"``.
        switches: What still helps in this process; empty where one is set, or it is too late.
        too_late: Why nothing helps any more; None where something does.
    """

    framework: str
    takes: str
    loaded: bool
    chosen: tuple[str, ...]
    switches: tuple[Switch, ...]
    too_late: Reason | None


@dataclass(frozen=True)
class _Known:
    """What is known of a framework in any process."""

    framework: str
    root: str
    takes: str
    variables: tuple[str, ...]
    switches: tuple[Switch, ...]
    if_loaded: tuple[Switch, ...] = ()


_JAX = _Known(
    "JAX",
    "jax",
    "75 % of each GPU's memory when it makes its first array",
    # The older name of the fraction is still read; both together are an error.
    ("XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION"),
    (
        Switch("%env XLA_PYTHON_CLIENT_PREALLOCATE=false", "takes memory as it needs it"),
        Switch("%env XLA_CLIENT_MEM_FRACTION=.40", "takes 40 % at once instead of 75 %"),
    ),
)
_TENSORFLOW = _Known(
    "TensorFlow",
    "tensorflow",
    "nearly all memory of every GPU that it sees when it makes its first tensor",
    ("TF_FORCE_GPU_ALLOW_GROWTH",),
    (Switch("%env TF_FORCE_GPU_ALLOW_GROWTH=true", "takes memory as it needs it"),),
    (
        Switch(
            'for gpu in tf.config.list_physical_devices("GPU"): '
            "tf.config.experimental.set_memory_growth(gpu, True)",
            "takes memory as it needs it; to be run after %gpus pick",
        ),
    ),
)
_KNOWN = (_JAX, _TENSORFLOW)


def preallocating(
    environment: Mapping[str, str] | None = None, made: tuple[DevicesMade, ...] | None = None
) -> tuple[Preallocating, ...]:
    """The frameworks that are installed here and take a GPU's memory at once.

    Args:
        environment: Variables and values; None for those of this process.
        made: What the frameworks in use have decided; None to ask them.
    """
    from dlmagic.frameworks.entries import ENTRIES, is_installed

    environment = os.environ if environment is None else environment
    decided = {each.framework: each for each in (devices_made() if made is None else made)}
    installed = {entry.root for entry in ENTRIES if is_installed(entry)}
    return tuple(
        _now(known, environment, decided.get(known.framework))
        for known in _KNOWN
        if known.root in installed
    )


def _now(known: _Known, environment: Mapping[str, str], made: DevicesMade | None) -> Preallocating:
    chosen = tuple(
        f"{each}={environment[each]}" for each in known.variables if environment.get(each)
    )
    too_late = None
    switches = known.switches if made is None else (*known.switches, *known.if_loaded)
    if made is not None and made.decided:
        too_late = Reason(f"{known.framework} has taken its devices: restart the kernel first")
    if chosen or too_late is not None:
        switches = ()
    return Preallocating(known.framework, known.takes, made is not None, chosen, switches, too_late)
