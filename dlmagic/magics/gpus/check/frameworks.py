"""The frameworks that can be asked whether they see a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlmagic.errors import OptionError, nearest


@dataclass(frozen=True)
class Framework:
    """A framework.

    Attributes:
        name: Of its module.
        title: As it writes itself.
        child: The module whose ``look`` asks it.
        environ: Environment variables of the process in which it is asked.
    """

    name: str
    title: str
    child: str
    environ: Mapping[str, str] = field(default_factory=dict)


# A framework that is only asked must not take most of the memory, and should name the libraries
# that it cannot load.
FRAMEWORKS = (
    Framework("torch", "PyTorch", "dlmagic.frameworks.torch.seeing"),
    Framework(
        "tensorflow",
        "TensorFlow",
        "dlmagic.frameworks.tensorflow.seeing",
        {
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "TF_CPP_MIN_LOG_LEVEL": "0",
            "TF_CPP_VMODULE": "dso_loader=1,cudart_stub=1,cuda_driver=1",
        },
    ),
    Framework(
        "jax",
        "JAX",
        "dlmagic.frameworks.jax.seeing",
        {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
    ),
)
_ALSO_CALLED = {"pytorch": "torch", "tf": "tensorflow"}


def framework_called(name: str) -> Framework:
    """The framework of this name.

    Raises:
        OptionError: There is none.
    """
    wanted = _ALSO_CALLED.get(name.lower(), name.lower())
    for each in FRAMEWORKS:
        if each.name == wanted:
            return each
    names = [each.name for each in FRAMEWORKS]
    raise OptionError(f"There is no framework {name} to check.", nearest(name, names))
