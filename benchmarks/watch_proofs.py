"""What ``%watch`` is held to, and the ways to train that are measured for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from time import perf_counter

from benchmarks.peers.training_watchers import (
    TensorBoardHistograms,
    WandbWatch,
    torchlens_record,
    torchlens_trace,
)
from benchmarks.watched_by_dlmagic import (
    NEVER,
    SETTLED,
    plain,
    rate_found,
    watched,
    writing,
)
from benchmarks.watched_in_turns import (
    Figure,
    Way,
    added,
    counted_in_turns,
    in_turns,
    ratio,
    ratio_by_measured,
    ratio_of_added,
)
from benchmarks.watched_models import MODELS, Training

PLAIN, AGAIN, IDLE = "plain", "plain again", "attached, between samples"
DEFAULT, SAMPLED, EXACT = "default, 1 % budget", "every step", "every step, exact"
OURS, WANDB, TENSORBOARD = "dlmagic", "wandb.watch", "TensorBoard histograms"
TRACE, RECORD = "TorchLens, trace", "TorchLens, record"

LIMITS: dict[str, dict[str, float]] = {
    "300 small layers": {IDLE: 1.005, DEFAULT: 1.02, SAMPLED: 1.6},
    "ResNet-18": {IDLE: 1.005, DEFAULT: 1.02, SAMPLED: 1.05},
    "GPT of 12 layers": {IDLE: 1.005, DEFAULT: 1.02},
}
"""The upper end of the interval of a step's time over that of a plain step, at most."""

LIMITS_ON_GPU = {DEFAULT: 1.01}

FREQUENCIES: dict[str, tuple[int, ...]] = {
    "300 small layers": (1, 10, 100),
    "ResNet-18": (1,),
    "GPT of 12 layers": (1,),
}
"""One step in so many is measured beside other programs. What a measured step costs hardly depends
on how often there is one; the cheapest model shows that."""

BEGINNING = 3
"""Measured steps that are not timed, when watching has begun: from the second one on it is known
which outputs stay as they are, and by the third all that is made once has been made."""

FEW, FEWEST = 3, 12
"""Steps of a block of what is nearly free, and rounds of it at least."""

TIMES_WANDB = 10.0
"""The lower end of the interval of the time that ``wandb.watch`` adds over ours, at least."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        device: Where the models are trained.
        clock: Gives seconds; for a GPU when it has done all that it was asked for.
        attached: Seconds of what is nearly free.
        rounds: Of what measures.
        beside: Of other programs, which add much more than the noise.
        block: Seconds of a short block, about.
        longest: Seconds after which the default rate is read.
        rarest: Beside other programs one step in so many is measured at least.
    """

    device: str = "cpu"
    clock: Callable[[], float] = perf_counter
    attached: float = 240.0
    rounds: int = 30
    beside: int = 12
    block: float = 0.1
    longest: float = 3.0
    rarest: int = 100


@dataclass
class Measured:
    """All figures of one model.

    Attributes:
        model: Its name.
        device: Where it was trained.
        plain: Seconds of a plain step, median.
        every: One step in so many is measured at the default rate.
        ratios: Of a step's time over that of a plain one, by way.
        added: Seconds that are added to a step, by how often one is measured, and by way.
        times: How many times as much others add, likewise.
        writing: Seconds of another thread that it takes to write one sample, by where to.
    """

    model: str
    device: str = "cpu"
    plain: float = 0.0
    every: int = 0
    ratios: dict[str, Figure] = field(default_factory=dict)
    added: dict[int, dict[str, Figure]] = field(default_factory=dict)
    times: dict[int, dict[str, Figure]] = field(default_factory=dict)
    writing: dict[str, float] = field(default_factory=dict)

    def missed(self) -> Iterator[str]:
        """Limits that are missed."""
        limits = LIMITS[self.model] if self.device == "cpu" else LIMITS_ON_GPU
        for way, limit in limits.items():
            high = self.ratios[way].interval[1]
            if high > limit:
                yield f"{self.model}, {way}: up to {high:.4f}x, at most {limit}"
        for every, times in self.times.items():
            low = times[WANDB].interval[0]
            if low < TIMES_WANDB:
                yield f"{self.model}, one step in {every}: wandb.watch adds {low:.1f} times as much"


def measured(model: str, plan: Plan) -> Measured:
    """All figures of one model but those of TorchLens."""
    found, make = Measured(model, plan.device), partial(_made, model, plan)
    found.plain = _plain_step(make, plan)
    steps = max(1, round(plan.block / found.plain))
    found.every = rate_found(make(), max(2 * steps, round(plan.longest / found.plain)))
    _attached(found, make, plan)
    _sampling(found, make, plan, max(2, steps))
    for every in [each for each in FREQUENCIES[model] if each <= plan.rarest]:
        _beside(found, make, plan, every)
    found.writing = writing(make())
    return found


def traced(found: Measured, plan: Plan) -> None:
    """TorchLens: measured last, because it puts itself around the functions of PyTorch."""
    ways = [Way(PLAIN, plain, 2), Way(TRACE, torchlens_trace, 1), Way(RECORD, torchlens_record, 1)]
    make = partial(_made, found.model, plan)
    times = in_turns(ways, make, max(3, plan.beside // 3), plan.clock)
    found.ratios |= {way: ratio(times, way, PLAIN) for way in (TRACE, RECORD)}


def _made(model: str, plan: Plan) -> Training:
    return MODELS[model]().to(plan.device)


def _attached(found: Measured, make: Callable[[], Training], plan: Plan) -> None:
    """What is nearly free, in turns of a few steps, in which a machine hardly changes."""
    ways = [
        Way(PLAIN, plain, FEW),
        Way(AGAIN, plain, FEW),
        Way(IDLE, partial(watched, every=NEVER, first=1), FEW, lasting=True),
        Way(DEFAULT, partial(watched, first=SETTLED), FEW, lasting=True),
    ]
    rounds = max(FEWEST, round(plan.attached / (len(ways) * (FEW + 1) * found.plain)))
    times, counts = counted_in_turns(ways, make, rounds, plan.clock)
    found.ratios |= {way: ratio(times, way, PLAIN) for way in (AGAIN, IDLE)}
    found.ratios[DEFAULT] = ratio_by_measured(times, counts[DEFAULT], DEFAULT, PLAIN)


def _sampling(found: Measured, make: Callable[[], Training], plan: Plan, steps: int) -> None:
    ways = [
        Way(PLAIN, plain, steps),
        Way(SAMPLED, partial(watched, every=1), steps, BEGINNING),
        Way(EXACT, partial(watched, every=1, exact=True), max(1, steps // 4), BEGINNING),
    ]
    times = in_turns(ways, make, plan.rounds, plan.clock)
    found.ratios |= {way: ratio(times, way, PLAIN) for way in (SAMPLED, EXACT)}


def _beside(found: Measured, make: Callable[[], Training], plan: Plan, every: int) -> None:
    steps = every * -(-2 // every)
    with ExitStack() as stack:
        ways = [
            Way(PLAIN, plain, steps),
            Way(OURS, partial(watched, every=every), steps, BEGINNING * every),
        ]
        for name, peer in ((WANDB, WandbWatch()), (TENSORBOARD, TensorBoardHistograms())):
            stack.callback(peer.close)
            watching = partial(peer.watching, every=every)
            ways.append(Way(name, watching, steps, BEGINNING * every, alone=True))
        times = in_turns(ways, make, plan.beside, plan.clock)
    peers = (WANDB, TENSORBOARD)
    found.added[every] = {way: added(times, way, PLAIN) for way in (OURS, *peers)}
    found.times[every] = {way: ratio_of_added(times, way, OURS, PLAIN) for way in peers}


def _plain_step(make: Callable[[], Training], plan: Plan) -> float:
    training, seconds = make(), []
    for _ in range(13):
        begun = plan.clock()
        training.step()
        seconds.append(plan.clock() - begun)
    return median(seconds[3:])
