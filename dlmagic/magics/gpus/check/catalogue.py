"""All causes, in the order in which they are told: what lies deeper is mended first."""

from __future__ import annotations

from collections.abc import Callable

from dlmagic.magics.gpus.check.causes import (
    architecture,
    container,
    driver,
    files,
    gpu_state,
    importing,
    jax,
    loading_path,
    missing_library,
    start,
    tensorflow,
    this_kernel,
    unexplained,
    versions,
    visible,
    wheel,
    windows,
)
from dlmagic.magics.gpus.check.evidence import Asked, Machine
from dlmagic.magics.gpus.check.result import Cause

MACHINE: tuple[Callable[[Machine], Cause | None], ...] = (
    windows.without_device,
    windows.without_driver,
    windows.other_library,
    windows.out_of_sight,
    container.without_gpus,
    driver.without_driver,
    files.without_files,
    files.forbidden,
    versions.stub,
    versions.compatibility,
    versions.mismatch,
    container.lost_its_gpus,
    visible.hidden,
    container.without_compute,
    missing_library.without_library,
    gpu_state.lost,
    gpu_state.divided_into_nothing,
    gpu_state.prohibited,
    gpu_state.occupied,
    files.without_uvm,
)
"""Why CUDA does not start, whoever starts it; asked only where it does not."""

BEFORE_ASKING: tuple[Callable[[Asked], Cause | None], ...] = (
    jax.told_to_use_the_processor,
    tensorflow.on_windows,
    wheel.for_processors_only,
    wheel.for_other_gpus,
    wheel.for_a_newer_driver,
    jax.parts_of_different_versions,
    jax.without_runtime,
)
"""Why a framework sees nothing, told from what is installed."""

AFTER_ASKING: tuple[Callable[[Asked], Cause | None], ...] = (
    importing.hidden_by_a_file,
    importing.import_fails,
    importing.no_answer,
    tensorflow.without_libraries,
)
"""Why it sees nothing though CUDA works, told from what it said."""

THIS_KERNEL: tuple[Callable[[Asked], Cause | None], ...] = (
    this_kernel.forked,
    this_kernel.settled,
)
"""Why this process cannot use what a new one sees."""

_IN_SPITE_OF_SEEING: tuple[Callable[[Machine], Cause | None], ...] = (
    gpu_state.prohibited,
    gpu_state.occupied,
)
"""Why it can use none of the GPUs that it sees."""


def causes_of_machine(machine: Machine) -> tuple[Cause, ...]:
    """Why no framework can see a device; empty where CUDA works."""
    if machine.library.works:
        return ()
    found = tuple(filter(None, (told(machine) for told in MACHINE)))
    return found or (start.unexplained(machine),)


def causes_of_framework(asked: Asked) -> tuple[Cause, ...]:
    """Why this framework does not see the device, beside what keeps all from it."""
    here = tuple(filter(None, (told(asked) for told in THIS_KERNEL)))
    if asked.computes:
        return here
    found = [] if asked.sees else [told(asked) for told in BEFORE_ASKING]
    if asked.told is not None and not asked.sees:
        found += [told(asked) for told in AFTER_ASKING]
    if asked.told is not None:
        # What was seen, and not computed on, may be of no use all the same.
        found.append(architecture.without_kernels(asked))
        found += [told(asked.machine) for told in _IN_SPITE_OF_SEEING]
    known = (*filter(None, found), *here)
    if known or asked.sees or not asked.machine.library.works:
        return known
    # Many machines have such a folder, and most of them are none the worse for it.
    return (loading_path.shadowed(asked) or unexplained.in_its_own_words(asked),)
