"""The only place that knows ``pynvml``, NVIDIA's binding of its management library (NVML)."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_FUNCTION, refusal

_NOT_INSTALLED = Reason("the package nvidia-ml-py is not installed: pip install nvidia-ml-py")
_ANOTHER = Reason(
    "the module pynvml is not NVIDIA's: pip uninstall pynvml, then "
    "pip install --force-reinstall nvidia-ml-py"
)
_GARBLED = Reason("NVIDIA's driver answers in letters that cannot be read")


class Binding:
    """NVML with answers or reasons, imported and started when it is first needed.

    The library counts how often it is started; each object starts it once and ends it once.
    """

    def __init__(self) -> None:
        self._module: ModuleType | None = None
        self._started = False
        self._asked: dict[int, str] = {}

    def start(self) -> Reason | None:
        """Start the library; why not, where that fails. Starting it again does nothing."""
        if self._started:
            return None
        try:
            self._module = importlib.import_module("pynvml")
        except ImportError:
            return _NOT_INSTALLED
        if not hasattr(self._module, "nvmlInit"):
            return _ANOTHER
        found = self.ask("nvmlInit")
        if isinstance(found, Reason):
            return found
        self._started = True
        return None

    def stop(self) -> None:
        """End the library: an open one keeps a laptop's GPU awake."""
        if self._started:
            self._started = False
            self.ask("nvmlShutdown")

    @property
    def started(self) -> bool:
        """Whether the library was started and not ended since."""
        return self._started

    def ask(self, *functions: str, of: tuple[Any, ...] = ()) -> Any:
        """What the first of these functions answers that binding and driver both have.

        Args:
            functions: Names, the preferred one first.
            of: The arguments.

        Returns:
            The answer as the binding gives it, or a :class:`Reason`.
        """
        found: Any = refusal(NO_FUNCTION)
        for function in functions:
            call = getattr(self._module, function, None)
            if call is not None:
                found = self._call(function, call, of)
            if not (isinstance(found, Reason) and found.code == NO_FUNCTION):
                return found
        return found

    def text(self, function: str, *arguments: Any) -> str | Reason:
        """A text; drivers have sent bytes that are no UTF-8, on which the binding stumbles."""
        call = getattr(self._module, function, None)
        if call is None:
            return refusal(NO_FUNCTION)
        # Below its decorator, the binding has the bytes.
        found = self._call(function, getattr(call, "__wrapped__", call), arguments)
        return found.decode(errors="replace") if isinstance(found, bytes) else found

    def asked_by(self, thread: threading.Thread | None) -> str:
        """The function that a thread called last."""
        return self._asked.get((thread and thread.ident) or 0, "")

    def _call(self, function: str, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self._asked[threading.get_ident()] = function
        module: Any = self._module
        try:
            return call(*arguments)
        except module.NVMLError as error:
            return refusal(getattr(error, "value", None))
        except UnicodeDecodeError:
            return _GARBLED
        except TypeError:
            # gpustat puts functions of its own into the binding, which take fewer arguments.
            return refusal(NO_FUNCTION)
