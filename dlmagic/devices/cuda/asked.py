"""Which devices CUDA itself has in an environment: a child process starts it and tells.

That takes up to a second and some memory of no GPU; it is the only sure answer where CUDA's
numbers may mean other GPUs than ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from dlmagic.devices.cuda.device import with_dashes
from dlmagic.devices.reading import Reason

_PATIENCE = 20.0  # seconds; the first process after a restart of the machine may need some
_PROGRAM = """
import ctypes, json, sys
cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
code = cuda.cuInit(0)
count, uuid, found = ctypes.c_int(), ctypes.create_string_buffer(16), []
if code == 0:
    ask = getattr(cuda, "cuDeviceGetUuid_v2", None) or cuda.cuDeviceGetUuid
    code = cuda.cuDeviceGetCount(ctypes.byref(count))
    for device in range(count.value):
        code = code or ask(uuid, device)
        found.append(uuid.raw.hex())
print(json.dumps([code, found]))
"""


def ask_cuda(
    environment: Mapping[str, str], seconds: float = _PATIENCE
) -> tuple[str, ...] | Reason:
    """The bare UUIDs of the devices that a process with this environment gets, in CUDA's order.

    Args:
        environment: All variables of the child.
        seconds: How long to wait for the answer.
    """
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
    try:
        answer = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=seconds
        )
        code, uuids = json.loads(answer.stdout)
    except subprocess.TimeoutExpired:
        return Reason(f"CUDA has not started within {seconds:.0f} s in another process")
    except (OSError, ValueError):
        return Reason("CUDA could not be asked in another process")
    if code:
        return Reason(f"CUDA does not start in another process (CUDA error {code})", code)
    return tuple(map(with_dashes, uuids))
