"""PyTorch's global state: random generators, default type and device, modes, threads, flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from dlmagic.frameworks.torch import _compat as compat


class SavedGenerator:
    """The state of one random generator."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._state = generator.get_state()

    def changed(self) -> bool:
        """Whether random numbers were drawn, or the seed was set."""
        return not torch.equal(self._generator.get_state(), self._state)

    def restore(self) -> None:
        """Let the same numbers come again."""
        self._generator.set_state(self._state)

    def children(self) -> Iterable[tuple[str, object]]:
        """A generator is a leaf."""
        return ()


@dataclass(frozen=True)
class SavedSetting:
    """One global setting with the functions that read and write it.

    Attributes:
        name: The setting in PyTorch's words, for messages.
        read: Returns the present value.
        write: Sets a value.
        value: What it was when it was saved.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    value: Any

    @classmethod
    def of(cls, name: str, read: Callable[[], Any], write: Callable[[Any], object]) -> SavedSetting:
        """Save the present value."""
        return cls(name, read, write, read())

    def changed(self) -> bool:
        """Whether the value differs."""
        return bool(self.read() != self.value)

    def restore(self) -> None:
        """Set it only where it differs: some setters are slow, or take effect only once."""
        if self.changed():
            self.write(self.value)

    def children(self) -> Iterable[tuple[str, object]]:
        """A setting is a leaf."""
        return ()


def save_generators() -> Iterator[SavedGenerator]:
    """The default generators, those of a GPU only where its driver has been started."""
    yield SavedGenerator(torch.default_generator)
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        yield from map(SavedGenerator, torch.cuda.default_generators)


def save_settings() -> Iterator[SavedSetting]:
    """Everything global that a cell can set and that changes what or how fast it computes."""
    yield SavedSetting.of("default dtype", torch.get_default_dtype, torch.set_default_dtype)
    yield SavedSetting.of("default device", torch.get_default_device, _set_default_device)
    yield SavedSetting.of("grad mode", torch.is_grad_enabled, torch.set_grad_enabled)
    yield SavedSetting.of("number of threads", torch.get_num_threads, torch.set_num_threads)
    yield SavedSetting.of("deterministic algorithms", _deterministic, _set_deterministic)
    yield SavedSetting.of("anomaly detection", _anomaly, _set_anomaly)
    yield SavedSetting.of("float32 precision", compat.precision, compat.set_precision)
    for device in ("cpu", "cuda"):
        yield _autocast(device)
    cudnn = torch.backends.cudnn
    for flag in ("enabled", "benchmark", "deterministic"):
        yield _attribute(cudnn, flag, f"torch.backends.cudnn.{flag}")
    yield _attribute(torch.backends.mkldnn, "enabled", "torch.backends.mkldnn.enabled")
    for kernel in ("flash", "mem_efficient", "math", "cudnn"):
        yield _attention(kernel)
    yield SavedSetting.of("module hooks", compat.global_hooks, compat.set_global_hooks)
    yield SavedSetting.of("print options", compat.print_options, _set_print_options)


def settings() -> dict[str, str]:
    """What decides about speed and precision, by PyTorch's own names."""
    cudnn = torch.backends.cudnn
    deterministic, only_warn = _deterministic()
    autocast = {f"autocast on {device}": _autocast_text(device) for device in ("cpu", "cuda")}
    return {
        "float32 matmul precision": compat.matmul_precision() or "set by fp32_precision",
        "TF32 in matmul": _on(compat.tf32_in_matmul()),
        "TF32 in cuDNN": _on(compat.tf32_in_cudnn()),
        "default dtype": str(torch.get_default_dtype()),
        **autocast,
        "grad mode": "inference"
        if torch.is_inference_mode_enabled()
        else _on(torch.is_grad_enabled()),
        "deterministic algorithms": _on(deterministic) + (" (warn only)" if only_warn else ""),
        "cudnn.deterministic": _on(cudnn.deterministic),
        "cudnn.benchmark": _on(cudnn.benchmark),
        "oneDNN": _on(bool(torch.backends.mkldnn.enabled)),
        "intra-op threads": str(torch.get_num_threads()),
        "inter-op threads": str(torch.get_num_interop_threads()),
    }


def _on(enabled: bool | None) -> str:
    return "unknown" if enabled is None else "on" if enabled else "off"


def _autocast_text(device: str) -> str:
    if not torch.is_autocast_enabled(device):
        return "off"
    return str(torch.get_autocast_dtype(device)).removeprefix("torch.")


def _attribute(owner: Any, attribute: str, name: str) -> SavedSetting:
    return SavedSetting.of(
        name, lambda: getattr(owner, attribute), lambda value: setattr(owner, attribute, value)
    )


def _set_default_device(device: torch.device) -> None:
    """``None`` takes the mode away that a default other than the CPU needs on every call."""
    torch.set_default_device(None if device.type == "cpu" else device)


def _deterministic() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


def _set_deterministic(value: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _anomaly() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _set_anomaly(value: tuple[bool, bool]) -> None:
    torch.autograd.set_detect_anomaly(value[0], check_nan=value[1])


def _autocast(device: str) -> SavedSetting:
    def read() -> tuple[bool, torch.dtype]:
        return torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)

    def write(value: tuple[bool, torch.dtype]) -> None:
        torch.set_autocast_enabled(device, value[0])
        torch.set_autocast_dtype(device, value[1])

    return SavedSetting.of(f"autocast on {device}", read, write)


def _attention(kernel: str) -> SavedSetting:
    """Whether scaled dot-product attention may use a kernel."""
    return SavedSetting.of(
        f"attention by {kernel}",
        getattr(torch.backends.cuda, f"{kernel}_sdp_enabled"),
        getattr(torch.backends.cuda, f"enable_{kernel}_sdp"),
    )


def _set_print_options(options: dict[str, Any]) -> None:
    torch.set_printoptions(**options)
