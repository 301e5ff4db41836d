"""Before the first round: every runner is warm and knows its calls per block."""

from __future__ import annotations

from dlmagic.magics.bench.block import SHORTEST, time_calls
from dlmagic.magics.bench.calibrate import calls_per_block
from dlmagic.magics.bench.session import Session
from dlmagic.magics.bench.warmup import OUTWEIGHS, WarmUpLimits, warm_up

_MOST_CALLS = 1_000_000
_WARM_UP_SHARE = 0.2  # of the budget, for all runners together
_ROUNDS_TO_FIT = 10  # so many rounds must fit into what the warm-up leaves
_BLOCKS_PER_TURN = 2  # a restore and a touch may take as long as the block itself
NO_TOUCH_FROM = 0.05
"""Seconds a call from which on no block begins with an untimed touch.

The touch then takes as long as what is timed, and caches are full again after a few per cent of
such a call. It is all runners or none, as the quickest decides: who is touched and who is not
must not make a difference between them.
"""


LEAST_BLOCK = 0.002
"""Seconds that blocks may take however little of the budget the warm-up has left."""


def least_seconds(runners: int, block: float) -> float:
    """Seconds in which so many runners warm up and have ten rounds of such blocks."""
    return _ROUNDS_TO_FIT * _BLOCKS_PER_TURN * runners * block / (1 - _WARM_UP_SHARE)


def warm_all_up(session: Session) -> None:
    """Warm every runner up, one after the other; compiling costs no budget."""
    share = _WARM_UP_SHARE * session.budget.seconds / len(session.running)
    for name, runner in tuple(session.running.items()):
        session.report("warm-up", name)
        with session.failing_alone(name, "warm-up"):
            limits = WarmUpLimits(seconds=share, compiling_seconds=session.budget.seconds)
            done = warm_up(runner, session.budget.clock, limits)
            session.warm_ups[name] = done
            session.budget.exclude(done.compile_seconds)


def calibrate(session: Session, *, min_block: float, same_calls: bool) -> None:
    """Find how many calls make a block of each runner; see :func:`calls_per_block`."""
    if session.flush is not None:  # caches are cold for one call only
        session.calls = dict.fromkeys(session.running, 1)
        return
    turns = _ROUNDS_TO_FIT * _BLOCKS_PER_TURN * max(1, len(session.running))
    found = {name: _seconds_per_call(session, name) for name in tuple(session.running)}
    per_call = {name: seconds for name, seconds in found.items() if name in session.running}
    touches = not per_call or min(per_call.values()) < NO_TOUCH_FROM
    outweighing = max((_outweighing(session, name) for name in per_call), default=0.0)
    calls = calls_per_block(
        per_call,
        min_block=max(min_block, outweighing),
        max_block=max(LEAST_BLOCK, outweighing, session.budget.left / turns),
        same_calls=same_calls,
    )
    session.touches, session.calls = session.budget.clock.decided((touches, calls))


def _seconds_per_call(session: Session, name: str) -> float:
    """What a call takes at least.

    Where the warm-up had no time for samples that outweigh the wait for the devices, longer and
    longer blocks tell, of which the last does. So they do where nothing was left of the samples
    without the wait: it was longer when it was measured than when they were.
    """
    done, runner = session.warm_ups[name], session.running[name]
    per_call, calls, seconds = done.fastest, done.samples[-1].calls, done.samples[-1].seconds
    enough = max(WarmUpLimits.sample_seconds, _outweighing(session, name))
    while (seconds < enough / 2 or per_call <= SHORTEST) and calls < _MOST_CALLS:
        calls *= 4
        with session.failing_alone(name, "warm-up"):
            runner.restore()
            seconds = time_calls(runner, session.budget.clock, calls).seconds
            per_call = max(SHORTEST, (seconds - done.wait) / calls)
        if name not in session.running:
            break
    return per_call


def _outweighing(session: Session, name: str) -> float:
    return OUTWEIGHS * session.warm_ups[name].wait
