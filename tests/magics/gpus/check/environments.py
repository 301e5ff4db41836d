"""Environments that are broken, each with the cause that must be named first.

`words` are what a report must say for its reader to know the cause: one word of each group. They
are for other programs, whose words are not ours; see benchmarks/gpus/diagnosis.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions

import pytest

from dlmagic.devices.cuda.state import CudaState
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import Board, Part, Process
from tests.magics.gpus.check.world import World

Break = Callable[[World], object]
Words = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Broken:
    """An environment.

    Attributes:
        title: What is broken.
        kind: Of the cause.
        words: Groups of words, one of each of which names the cause.
        breaks: Breaks it.
        framework: Which is asked.
        boards: The GPUs.
        generation: Of the driver.
    """

    title: str
    kind: str
    words: Words
    breaks: Break
    framework: str = "torch"
    boards: tuple[Board, ...] = (Board(),)
    generation: str = "535.104"


ENVIRONMENTS: list[Broken] = []


def broken(
    title: str, kind: str, *words: str, **about: object
) -> Callable[[Break], Callable[[World], object]]:
    """Let a function break an environment; ``a|b`` are words of which one must be said."""

    def add(breaks: Break) -> Break:
        groups = tuple(tuple(each.split("|")) for each in words)
        ENVIRONMENTS.append(Broken(title, kind, groups, breaks, **about))  # type: ignore[arg-type]
        return breaks

    return add


# Containers


@broken("Docker without --gpus", "container-without-gpus", "container|docker", "--gpus")
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.without_files()
    world.without_libraries()


@broken("NVIDIA_VISIBLE_DEVICES=void", "container-without-gpus", "NVIDIA_VISIBLE_DEVICES")
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.without_files()
    world.without_libraries()
    world.environ["NVIDIA_VISIBLE_DEVICES"] = "void"


@broken("an image of NVIDIA's run without --gpus", "container-without-gpus", "--gpus|container")
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.without_files()
    world.without_libraries()
    world.without_driver()
    world.without_cards()
    world.environ["NVIDIA_VISIBLE_DEVICES"] = "all"


@broken("a pod without nvidia.com/gpu", "container-without-gpus", "nvidia.com/gpu|pod")
def _(world: World) -> None:
    world.install_torch()
    world.container("none")
    world.without_files()
    world.without_libraries()
    world.environ["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"


@broken("Podman without a device", "container-without-gpus", "container|podman", "--device|CDI")
def _(world: World) -> None:
    world.install_torch()
    world.container("run/.containerenv")
    world.without_files()
    world.without_libraries()


@broken("Apptainer without --nv", "container-without-gpus", "--nv")
def _(world: World) -> None:
    world.install_torch()
    world.without_files()
    world.without_libraries()
    world.environ["APPTAINER_CONTAINER"] = "/images/torch.sif"


@broken("a container after systemctl daemon-reload", "container-lost-gpus", "daemon-reload|cgroup")
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.machine.break_down("*", code=999)


@broken("a container with utility only", "container-without-compute", "NVIDIA_DRIVER_CAPABILITIES")
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.without_library()
    world.environ["NVIDIA_DRIVER_CAPABILITIES"] = "utility"


@broken(
    "an image with a libcuda of its own", "library-of-the-image", "version|mismatch|driver library"
)
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.library_version("550.54.15")
    world.machine.break_down("cuInit", code=803)


@broken("the host's driver was renewed", "version-mismatch", "version|mismatch|updated")
def _(world: World) -> None:
    world.install_torch()
    world.container()
    world.library_version("535.54.03")
    library = next(world.lib.glob("libcuda.so.535*"))
    world.write(world.proc / "self" / "mountinfo", f"9 8 0:1 / {library} ro - ext4 /dev/sda ro\n")
    world.machine.break_down("cuInit", code=803)


# Linux below Windows


@broken("WSL without /dev/dxg", "wsl-without-gpu", "WSL|dxg")
def _(world: World) -> None:
    world.install_torch()
    world.below_windows()
    world.without_files("dxg")
    world.without_library()


@broken("WSL and no driver on Windows", "wsl-without-driver", "Windows", "driver")
def _(world: World) -> None:
    world.install_torch()
    world.below_windows()
    world.without_library()
    (world.top / "usr/lib/wsl/lib/libcuda.so.1").unlink()


@broken("WSL with a driver for Linux inside", "wsl-other-library", "WSL|Windows", "libcuda|driver")
def _(world: World) -> None:
    world.install_torch()
    world.below_windows()
    world.machine.break_down("cuInit", code=100)


@broken("WSL whose libraries are not looked for", "wsl-library-not-found", "/usr/lib/wsl/lib")
def _(world: World) -> None:
    world.install_torch()
    world.below_windows()
    world.without_library()


# The driver


@broken("nouveau has the card", "nouveau", "nouveau")
def _(world: World) -> None:
    world.install_torch()
    world.without_driver()
    world.without_files()
    world.without_libraries()
    world.card_belongs_to("nouveau")


@broken("vfio-pci has the card", "taken-by-another-driver", "vfio")
def _(world: World) -> None:
    world.install_torch()
    world.without_driver()
    world.without_files()
    world.card_belongs_to("vfio-pci")
    world.machine.break_down("nvmlInitWithFlags", code=9)
    world.machine.break_down("cuInit", code=100)


@broken("the kernel module is not loaded", "driver-not-loaded", "not loaded|modprobe|communicate")
def _(world: World) -> None:
    world.install_torch()
    world.without_driver()
    world.without_files()
    world.card_belongs_to(None)
    world.machine.break_down("nvmlInitWithFlags", code=9)
    world.machine.break_down("cuInit", code=100)


@broken("no driver is installed", "no-driver", "driver", "not installed|no NVIDIA driver|no driver")
def _(world: World) -> None:
    world.install_torch()
    world.without_driver()
    world.without_files()
    world.without_libraries()
    world.card_belongs_to(None)


@broken("no device files", "no-device-files", "/dev/nvidia")
def _(world: World) -> None:
    world.install_torch()
    world.without_files()
    world.machine.break_down("*", code=999)


@broken("/dev/nvidiactl is missing", "no-device-files", "nvidiactl")
def _(world: World) -> None:
    world.install_torch()
    world.without_files("nvidiactl")
    world.machine.break_down("*", code=999)


@broken("/dev/nvidia-uvm is missing", "no-uvm", "uvm")
def _(world: World) -> None:
    world.install_torch()
    world.without_files("nvidia-uvm")
    world.write(world.proc / "modules", "nvidia 1 0 - Live 0x0\n")
    world.machine.break_down("cuInit", code=999)


@broken("libcuda is missing", "no-libcuda", "libcuda")
def _(world: World) -> None:
    world.install_torch()
    world.without_library()


@broken("libcuda is damaged", "no-libcuda", "libcuda")
def _(world: World) -> None:
    world.install_torch()
    world.without_library()
    world.write(world.lib / "libcuda.so.1", "cut off")


# Versions


@broken("the driver was renewed, no restart", "version-mismatch", "version", "mismatch|different")
def _(world: World) -> None:
    world.install_torch()
    world.library_version("535.183.01")
    world.machine.break_down("nvmlInitWithFlags", code=18)
    world.machine.break_down("cuInit", code=803)


@broken("the same, told by cuInit alone", "version-mismatch", "803|mismatch|different versions")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuInit", code=803)


@broken("cuda-compat on a GPU for games", "compat-library", "compat")
def _(world: World) -> None:
    world.install_torch()
    world.library_in("compat", "550.54.15")
    world.machine.break_down("cuInit", code=804)


@broken("cuda-compat too old for the driver", "compat-library", "compat")
def _(world: World) -> None:
    world.install_torch()
    world.library_in("compat", "470.57.02")
    world.machine.break_down("cuInit", code=803)


@broken("the stub of the toolkit", "stub-library", "stub")
def _(world: World) -> None:
    world.install_torch()
    world.library_in("stubs")
    world.machine.break_down("cuInit", code=34)


# CUDA_VISIBLE_DEVICES


def _visible(
    title: str, kind: str, setting: str, *, boards: tuple[Board, ...] = (Board(),)
) -> None:
    @broken(title, kind, "CUDA_VISIBLE_DEVICES", boards=boards)
    def _(world: World) -> None:
        world.install_torch()
        world.environ["CUDA_VISIBLE_DEVICES"] = setting


_TWO = (Board(), Board())
_visible("CUDA_VISIBLE_DEVICES is empty", "visible-devices-empty", "")
_visible("CUDA_VISIBLE_DEVICES is -1", "visible-devices-invalid", "-1")
_visible("CUDA_VISIBLE_DEVICES names GPU 7 of 2", "visible-devices-invalid", "7", boards=_TWO)
_visible("CUDA_VISIBLE_DEVICES is a word", "visible-devices-invalid", "cuda:0")
_visible("CUDA_VISIBLE_DEVICES repeats a GPU", "visible-devices-repeated", "0,0", boards=_TWO)
_visible("CUDA_VISIBLE_DEVICES names a GPU that is gone", "visible-devices-invalid", "GPU-deadbeef")


@broken("a Slurm job without a GPU", "job-without-gpu", "Slurm|--gres", "GPU")
def _(world: World) -> None:
    world.install_torch()
    world.environ |= {"CUDA_VISIBLE_DEVICES": "NoDevFiles", "SLURM_JOB_ID": "4711"}


# The GPU


@broken("MIG without instances", "mig-without-instances", "MIG", boards=(Board(mig=1),))
def _(world: World) -> None:
    world.install_torch()


@broken("the same, and CUDA_VISIBLE_DEVICES=0", "mig-without-instances", "MIG",
        boards=(Board(mig=1),))  # fmt: skip
def _(world: World) -> None:
    world.install_torch()
    world.environ["CUDA_VISIBLE_DEVICES"] = "0"


@broken("a GPU fell off the bus", "gpu-lost", "lost|fallen off")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("*", 0, code=15)
    world.machine.break_down("cuInit", code=100)


@broken("a GPU must be reset", "gpu-lost", "reset")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("*", 0, code=16)
    world.machine.break_down("cuInit", code=999)


@broken("closed to programs", "compute-prohibited", "prohibited", boards=(Board(compute_mode=2),))
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuInit", code=100)


@broken("CUDA fails as soon as it is used", "cannot-compute", "illegal memory access")
def _(world: World) -> None:
    world.install_torch()
    text = "def is_available():\n    raise RuntimeError('CUDA error: an illegal memory access')\n"
    world.write(world.site / "torch" / "xpu.py", text)


@broken("PyTorch sees nothing, and says nothing", "unexplained", "sees no GPU|available: False")
def _(world: World) -> None:
    world.install_torch()
    blind = "\n\ndef is_available():\n    return False\n"
    file = world.site / "torch" / "cuda.py"
    world.write(file, file.read_text() + blind)


_ALONE = (Board(compute_mode=3, processes=(Process(4242),)),)


@broken("one program at a time", "exclusive-and-occupied", "exclusive|E. Process", boards=_ALONE)
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuCtxGetCurrent", code=46)


@broken("one of two is taken, and chosen", "exclusive-and-occupied", "exclusive|E. Process",
        boards=(*_ALONE, Board()))  # fmt: skip
def _(world: World) -> None:
    world.install_torch()
    world.environ["CUDA_VISIBLE_DEVICES"] = "0"
    world.machine.break_down("cuCtxGetCurrent", code=46)


@broken("no fabric manager", "fabric-manager", "fabric")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuInit", code=802)


@broken("after a suspend", "after-suspend", "uvm|suspend")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuInit", code=999)


@broken("an error that nobody knows", "cuda-does-not-start", "719")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuInit", code=719)


@broken("CUDA hangs", "cuda-hangs", "hang|not come back|timed out")
def _(world: World) -> None:
    world.install_torch()
    world.machine.break_down("cuInit", hang=60)


# Packages


@broken("PyTorch for processors only", "cpu-only-package", "+cpu|CPU-only|processors only")
def _(world: World) -> None:
    _take_real(world, "torch", "+cpu" in _versions().get("torch", ""))


@broken(
    "TensorFlow for processors only",
    "cpu-only-package",
    "tensorflow-cpu|CPU-only|processors only",
    framework="tensorflow",
)
def _(world: World) -> None:
    _take_real(world, "tensorflow", "tensorflow-cpu" in _versions())


@broken("JAX without its plugin", "no-cuda-plugin", "plugin|CUDA-enabled jaxlib", framework="jax")
def _(world: World) -> None:
    plugins = [name for name in _versions() if name.startswith("jax-cuda")]
    _take_real(world, "jax", "jax" in _versions() and not plugins)


def _take_real(world: World, package: str, for_processors: bool) -> None:
    """Use the packages of these tests, where one of them is built for processors alone."""
    if not for_processors:
        pytest.skip(f"{package} for processors alone is not installed")
    world.real_packages = True


@cache
def _versions() -> dict[str, str]:
    """The installed packages."""
    found = {each.metadata["Name"]: each.version for each in distributions()}
    return {name.lower().replace("_", "-"): version for name, version in found.items() if name}


@broken("PyTorch for AMD's GPUs", "package-for-other-gpus", "ROCm|rocm|HIP")
def _(world: World) -> None:
    world.install_torch("2.6.0+rocm6.2", None, (), hip="6.2.41133")


@broken("a package for CUDA 13, a driver for 12", "driver-too-old", "too old|driver runs CUDA 12")
def _(world: World) -> None:
    world.install_torch("2.9.0+cu130", "13.0", ("sm_80", "sm_90", "sm_100"))


@broken(
    "a package for CUDA 12, a driver for 11",
    "driver-too-old",
    "too old|driver runs CUDA 11",
    generation="470",
)
def _(world: World) -> None:
    world.install_torch()


_OLD = (Board(name="NVIDIA GeForce GTX 1080", major=6, minor=1),)
_NEW = (Board(name="NVIDIA GeForce RTX 5090", major=12, minor=0),)


@broken("a GPU too old for the package", "architecture-missing", "too old", boards=_OLD)
def _(world: World) -> None:
    world.install_torch("2.8.0+cu128", "12.8", ("sm_75", "sm_80", "sm_86", "sm_90", "sm_120"))


@broken("a GPU too new for the package", "architecture-missing", "sm_120|no kernel", boards=_NEW)
def _(world: World) -> None:
    world.install_torch()


_FULL = (Board(name="NVIDIA GeForce RTX 5090", major=12, minor=0, used=80 * 2**30),)


@broken("the same, and its memory is full", "architecture-missing", "sm_120", boards=_FULL)
def _(world: World) -> None:
    world.install_torch()


@broken("the same, beside a toolkit of CUDA", "architecture-missing", "sm_120", boards=_NEW)
def _(world: World) -> None:
    world.install_torch()
    toolkit = world.write(world.folder / "cuda" / "lib64" / "libcudart.so.12").parent
    world.environ["LD_LIBRARY_PATH"] += f":{toolkit}"


@broken("a file torch.py of the user's", "hidden-by-a-file", "torch.py")
def _(world: World) -> None:
    world.install_torch()
    mine = world.write(world.folder / "work" / "torch.py", "x = 1\n")
    world.before.append(mine.parent)


@broken("PyTorch without one of its libraries", "import-fails", "libcudnn.so.9")
def _(world: World) -> None:
    world.install_torch()
    text = "libcudnn.so.9: cannot open shared object file: No such file or directory"
    world.write(world.site / "torch" / "xpu.py", f"raise ImportError({text!r})\n")


@broken("PyTorch crashes", "import-fails", "crash|Segmentation|signal")
def _(world: World) -> None:
    world.install_torch()
    world.write(world.site / "torch" / "xpu.py", "import os; os.abort()\n")


@broken("libraries of another CUDA come first", "library-path", "LD_LIBRARY_PATH")
def _(world: World) -> None:
    world.install_torch()
    other = world.write(world.folder / "cuda-11" / "lib64" / "libcudnn.so.8").parent
    world.environ["LD_LIBRARY_PATH"] += f":{other}"
    text = f"{other}/libcudnn.so.8: undefined symbol: cudnnGetVersion"
    world.write(world.site / "torch" / "xpu.py", f"raise ImportError({text!r})\n")


_CUDA = ("jaxlib-0.5.0", "jax_cuda12_plugin-0.5.0", "jax_cuda12_pjrt-0.5.0")


@broken("JAX_PLATFORMS=cpu", "jax-platforms", "JAX_PLATFORMS", framework="jax")
def _(world: World) -> None:
    world.install_jax(*_CUDA)
    world.environ["JAX_PLATFORMS"] = "cpu"


@broken("a plugin of another JAX", "jax-plugin-version", "plugin", "version", framework="jax")
def _(world: World) -> None:
    world.install_jax(
        "jaxlib-0.5.0",
        "jax_cuda12_plugin-0.4.31",
        "jax_cuda12_pjrt-0.4.31",
        fails="plugin version 0.4.31 is not compatible",
    )


@broken("half a plugin", "jax-without-pjrt", "pjrt", framework="jax")
def _(world: World) -> None:
    world.install_jax(*_CUDA[:2], fails="no pjrt")


@broken(
    "TensorFlow without and-cuda",
    "tensorflow-without-cuda",
    "and-cuda|libcudart",
    framework="tensorflow",
)
def _(world: World) -> None:
    world.install_tensorflow(missing=("libcudart.so.12", "libcudnn.so.9"))


@broken("TensorFlow without cuDNN", "tensorflow-library", "libcudnn.so.9", framework="tensorflow")
def _(world: World) -> None:
    world.install_tensorflow("nvidia_cublas_cu12-12.5.3.2", missing=("libcudnn.so.9",))


@broken("TensorFlow on Windows", "tensorflow-on-windows", "WSL|2.10", framework="tensorflow")
def _(world: World) -> None:
    world.install_tensorflow(missing=("cudnn64_9.dll",))
    world.system = "Windows"


# The kernel itself


@broken("a child that was forked from a user of CUDA", "forked-child", "fork")
def _(world: World) -> None:
    world.install_torch()
    world.cuda = CudaState("unusable", Reason("it was started before this process was forked"))


@broken("JAX had looked before", "kernel-without-gpu", "restart the kernel", framework="jax")
def _(world: World) -> None:
    world.install_jax(*_CUDA)
    world.cuda = CudaState("loaded", (), settled=("JAX has made its devices (cpu)",))


# Several at once: the deeper first


@broken("no driver, and a package for processors", "no-driver", "driver")
def _(world: World) -> None:
    world.real_packages = True
    world.without_driver()
    world.without_files()
    world.without_libraries()


@broken("a mismatch, and CUDA_VISIBLE_DEVICES=-1", "version-mismatch", "mismatch|different")
def _(world: World) -> None:
    world.install_torch()
    world.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    world.library_version("535.183.01")
    world.machine.break_down("nvmlInitWithFlags", code=18)
    world.machine.break_down("cuInit", code=803)


@broken("JAX_PLATFORMS=cpu, and no plugin", "jax-platforms", "JAX_PLATFORMS", framework="jax")
def _(world: World) -> None:
    world.real_packages = True
    world.environ["JAX_PLATFORMS"] = "cpu"


@broken("an instance (MIG) that is gone", "visible-devices-invalid", "CUDA_VISIBLE_DEVICES",
        boards=(Board(mig=1, parts=(Part("MIG-aaaaaaaa", 1),)),))  # fmt: skip
def _(world: World) -> None:
    world.install_torch()
    world.environ["CUDA_VISIBLE_DEVICES"] = "MIG-bbbbbbbb"
