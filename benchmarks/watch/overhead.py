"""What does ``%watch`` add to a training step, beside wandb.watch, TensorBoard and TorchLens?

Three models are trained in many ways, in blocks of a random, balanced order, on two threads:
plainly, plainly once more (the control: how far from 1 is chance), watched between samples, at the
default rate, at every step, and exactly; then beside the others, as often measured as they measure.
Intervals are of resampled rounds. Ends with an error where a limit is missed.
Run: ``python -m benchmarks.watch.overhead [--write] [--quick]``; needs wandb, tensorboard and
torchlens, and half an hour on a machine that does nothing else. ``--quick`` takes few rounds on
one thread, by the processor's clock: for a first look on a busy machine, not for limits.
``--device cuda`` trains on a GPU, where only the default rate has a limit; without TorchLens.
``--write`` also writes the tables of ``docs/watch-cost.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from time import perf_counter, process_time

import torch

from benchmarks.recording import record
from benchmarks.tables.watch import overhead
from benchmarks.watch_proofs import (
    LIMITS,
    Measured,
    Plan,
    measured,
    traced,
)

QUICK = Plan(clock=process_time, attached=6.0, rounds=6, beside=5, longest=0.5)
PACKAGES = ("torch", "numpy", "wandb", "tensorboard")


def when_done() -> float:
    """Seconds, when the GPU has done all that it was asked for."""
    torch.cuda.synchronize()
    return perf_counter()


ON_GPU = Plan(
    device="cuda", clock=when_done, attached=60.0, rounds=12, beside=5, longest=1.5, rarest=10
)


def all_measured(plan: Plan, models: Sequence[str]) -> list[Measured]:
    """All figures. TorchLens comes last: it puts itself around the functions of PyTorch."""
    found = []
    for model in models:
        begun = perf_counter()
        found.append(measured(model, plan))
        print(f"{model}: measured in {perf_counter() - begun:.0f} s", flush=True)
    if plan.device == "cpu":
        for each in found:
            traced(each, plan)
    return found


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    parser.add_argument("--quick", action="store_true", help="few rounds, one thread")
    parser.add_argument("--models", nargs="+", default=list(LIMITS), choices=list(LIMITS))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    if options.write and (options.quick or options.models != list(LIMITS)):
        parser.error("--write keeps figures of all models, in full")
    threads = 1 if options.quick else 2
    torch.set_num_threads(threads)
    on_gpu = options.device == "cuda"
    plan = QUICK if options.quick else Plan()
    found = all_measured(ON_GPU if on_gpu else plan, options.models)
    figures = {"threads": threads, "models": [asdict(each) for each in found]}
    if on_gpu:
        figures["gpu"] = torch.cuda.get_device_name()
    print(overhead(figures))
    if options.write:
        peers = PACKAGES if on_gpu else (*PACKAGES, "torchlens")
        record("watch_overhead_gpu" if on_gpu else "watch_overhead", peers, figures)
    if missed := [text for each in found for text in each.missed()]:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
