"""Before the first round: every runner is warm and knows its calls per block."""

from __future__ import annotations

from dlmagic.magics.bench.calibrate import calls_per_block
from dlmagic.magics.bench.session import Session
from dlmagic.magics.bench.warmup import WarmUpLimits, warm_up

_WARM_UP_SHARE = 0.2  # of the budget, for all runners together
_ROUNDS_TO_FIT = 10  # so many rounds must fit into what the warm-up leaves
_BLOCKS_PER_TURN = 2  # a restore and a touch may take as long as the block itself


def least_seconds(runners: int, block: float) -> float:
    """Seconds in which so many runners warm up and have ten rounds of such blocks."""
    return _ROUNDS_TO_FIT * _BLOCKS_PER_TURN * runners * block / (1 - _WARM_UP_SHARE)


def warm_all_up(session: Session) -> None:
    """Warm every runner up, one after the other; compiling costs no budget."""
    share = _WARM_UP_SHARE * session.budget.seconds / len(session.running)
    for name, runner in tuple(session.running.items()):
        session.report("warm-up", name)
        with session.failing_alone(name, "warm-up"):
            done = warm_up(runner, session.budget.clock, WarmUpLimits(seconds=share))
            session.warm_ups[name] = done
            session.budget.exclude(done.compile_seconds)


def calibrate(session: Session, *, min_block: float, same_calls: bool) -> None:
    """Find how many calls make a block of each runner; see :func:`calls_per_block`."""
    turns = _ROUNDS_TO_FIT * _BLOCKS_PER_TURN * max(1, len(session.running))
    session.calls = calls_per_block(
        {name: session.warm_ups[name].fastest for name in session.running},
        min_block=min_block,
        max_block=session.budget.left / turns,
        same_calls=same_calls,
    )
