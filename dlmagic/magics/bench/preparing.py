"""Before the first round: every runner is warm and knows its calls per block."""

from __future__ import annotations

from dlmagic.magics.bench.calibrate import calibrate, common_count
from dlmagic.magics.bench.session import Session
from dlmagic.magics.bench.warmup import WarmUpLimits, warm_up

_WARM_UP_SHARE = 0.2  # of the budget, for all runners together
_ROUNDS_TO_FIT = 10  # so many rounds must fit into what the warm-up leaves
_BLOCKS_PER_TURN = 2  # a restore and a touch may take as long as the block itself


def warm_all_up(session: Session) -> None:
    """Warm every runner up, one after the other; compiling costs no budget."""
    share = _WARM_UP_SHARE * session.budget.seconds / len(session.running)
    for name, runner in tuple(session.running.items()):
        session.report("warm-up", name)
        with session.failing_alone(name, "warm-up"):
            done = warm_up(runner, session.budget.clock, WarmUpLimits(seconds=share))
            session.warm_ups[name] = done
            session.budget.exclude(done.compile_seconds)


def calibrate_all(session: Session, *, min_block: float, same_calls: bool) -> None:
    """Find how many calls make a block of each runner.

    Args:
        session: Its runners are warm.
        min_block: Seconds that a block should last at least; a short budget lowers it.
        same_calls: Whether every runner gets the same count.
    """
    turns = _ROUNDS_TO_FIT * _BLOCKS_PER_TURN * max(1, len(session.running))
    max_block = session.budget.left / turns
    for name, runner in tuple(session.running.items()):
        session.report("calibrate", name)
        with session.failing_alone(name, "calibrate"):
            session.calls[name] = calibrate(
                runner,
                session.budget.clock,
                level=session.warm_ups[name].level,
                min_block=min_block,
                max_block=max_block,
            )
    if same_calls and session.running:
        _share_count(session, max_block)


def _share_count(session: Session, max_block: float) -> None:
    names = tuple(session.running)
    levels = [session.warm_ups[name].level for name in names]
    shared = common_count([session.calls[name] for name in names], levels, max_block)
    session.calls.update(dict.fromkeys(names, shared))
