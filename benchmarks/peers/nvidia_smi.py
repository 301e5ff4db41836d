"""What ``nvidia-smi`` prints, as far as reports read it, from the library that is found.

The real one comes with the driver, which the machines of the tests do not have. Its messages are
those that NVIDIA's prints for the same codes.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import pynvml

MESSAGES = {
    9: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure "
    "that the latest NVIDIA driver is installed and running.",
    18: "Failed to initialize NVML: Driver/library version mismatch",
    999: "Failed to initialize NVML: Unknown Error",
}


def main() -> None:
    """Print the list (``-L``) or the summary."""
    try:
        pynvml.nvmlInit()
        driver = pynvml.nvmlSystemGetDriverVersion()
        cuda = pynvml.nvmlSystemGetCudaDriverVersion()
        handles = [
            pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())
        ]
        names = [
            (pynvml.nvmlDeviceGetName(each), pynvml.nvmlDeviceGetUUID(each)) for each in handles
        ]
    except pynvml.NVMLError as error:
        fail(getattr(error, "value", 999))
    if "-L" in sys.argv:
        for index, (name, uuid) in enumerate(names):
            print(f"GPU {index}: {name} (UUID: {uuid})")
        return
    version = f"{cuda // 1000}.{cuda % 1000 // 10}"
    print(f"| NVIDIA-SMI {driver}    Driver Version: {driver}    CUDA Version: {version} |")
    for index, handle in enumerate(handles):
        print(row(index, names[index][0], handle))


def row(index: int, name: str, handle: object) -> str:
    """A GPU of the summary."""
    mode = pynvml.nvmlDeviceGetComputeMode(handle)
    modes = ("Default", "E. Thread", "Prohibited", "E. Process")
    try:
        divided = "Enabled" if pynvml.nvmlDeviceGetMigMode(handle)[0] else "Disabled"
    except pynvml.NVMLError:
        divided = "N/A"
    return f"| {index} {name} | Compute M. {modes[mode]} | MIG M. {divided} |"


def fail(code: int) -> NoReturn:
    """Print as the real one does, and end with the code."""
    lost = "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost."
    print(lost if code in (15, 16) else MESSAGES.get(code, f"Failed to initialize NVML: {code}"))
    sys.exit(code)


if __name__ == "__main__":
    main()
