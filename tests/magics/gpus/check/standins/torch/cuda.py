import ctypes
import re
import warnings

from torch import version
from torch.built import ARCHITECTURES, CAPABILITY

_WORDS = {
    46: "CUDA-capable device(s) is/are busy or unavailable",
    100: "no CUDA-capable device is detected",
    802: "system not yet initialized",
    803: "system has unsupported display driver / cuda driver combination",
    804: "forward compatibility was attempted on non supported HW",
    999: "unknown error",
}


def _library():
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None


def _started():
    """The library, or None with a warning."""
    library = _library() if version.cuda else None
    if library is None:
        return None
    told = ctypes.c_int()
    library.cuDriverGetVersion(ctypes.byref(told))
    code = library.cuInit(0)
    if code:
        words = _WORDS.get(code, "unknown error")
        warnings.warn(f"CUDA initialization: Error {code}: {words}", stacklevel=3)
    elif told.value // 1000 < int(version.cuda.split(".")[0]):
        warnings.warn(
            "CUDA initialization: The NVIDIA driver on your system is too old "
            f"(found version {told.value}).",
            stacklevel=3,
        )
    else:
        return library
    return None


def is_available():
    return device_count() > 0


def device_count():
    library, count = _started(), ctypes.c_int()
    if library is not None:
        library.cuDeviceGetCount(ctypes.byref(count))
    return count.value


def init():
    """Warns as the real one does, whose words name the cause for who reads them."""
    if _runs_here():
        return
    name, (major, minor) = get_device_name(), CAPABILITY
    if (major, minor) < (7, 5):
        words = f"Found GPU0 {name} of cuda capability {major}.{minor}, which is too old"
    else:
        words = f"{name} with CUDA capability sm_{major}{minor} is not compatible with this PyTorch"
    warnings.warn(words, stacklevel=2)


def get_device_name(index=None):
    text = ctypes.create_string_buffer(100)
    _library().cuDeviceGetName(text, 100, index or 0)
    return text.value.decode(errors="replace")


def get_device_capability(index=0):
    return CAPABILITY


def get_arch_list():
    return list(ARCHITECTURES)


def check_usable():
    code = _library().cuCtxGetCurrent(ctypes.byref(ctypes.c_void_p()))
    if code:
        raise RuntimeError(f"CUDA error: {_WORDS.get(code, 'unknown error')}")
    if not _runs_here():
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")


def _runs_here():
    built = [re.fullmatch(r"sm_(\d+)(\d)", each) for each in ARCHITECTURES]
    return any(int(each[1]) == CAPABILITY[0] for each in built if each)
