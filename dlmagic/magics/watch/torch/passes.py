"""The passes of one measured step: what came of a layer is that of the last one that it ran in.

Gradients that are added up over several batches, or two models that are trained in turns as a
generator and its discriminator, make a step of several passes. Each begins with the first call
after a backward pass. Not all layers run in each: so of each layer the last pass counts that it has
run in, and a gradient that comes later still finds the output that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable

from dlmagic.magics.watch.torch.noting import Noting
from dlmagic.magics.watch.torch.plan import Target
from dlmagic.magics.watch.torch.pools import Pools, UnderWay
from dlmagic.magics.watch.torch.units import Units

MOST = 16
"""So many passes are kept at most, of those that had layers which have not run since."""


class Pass:
    """What is looked at of the outputs of one pass, and of the gradients that reach them.

    Attributes:
        pools: Where their values go.
        noting: The outputs that are looked at together.
        ran: Rows of the layers that have run in it.
        kept: Whether it still counts.
    """

    def __init__(self, pools: Pools, noting: Noting) -> None:
        self.pools, self.noting = pools, noting
        self.ran: set[int] = set()
        self.kept = True


class Passes:
    """The passes of the step that is measured, oldest first.

    Args:
        units: Where it goes which units were active: in any of the passes.
        fail: Told what goes wrong in a backward pass.
        wanted: How many values of each output are looked at.
        exact: Whether all are.

    Attributes:
        now: The last one.
    """

    now: Pass

    def __init__(
        self, units: Units, fail: Callable[[Exception], None], *, wanted: int, exact: bool
    ) -> None:
        self._units, self._fail = units, fail
        self._wanted, self._exact = wanted, exact
        self._spare: list[tuple[Pools, Noting]] = []
        self._all: list[Pass] = []
        self._phase = self._number = 0
        self.begin(0)

    def begin(self, phase: int) -> None:
        """Forget all of them; what is looked at from now on is of another sample."""
        self._phase = phase
        for each in self._all:
            self._drop(each)
        self._all = []
        self._add()

    def another(self) -> None:
        """A call has begun after a backward pass."""
        self.now.noting.copy_outputs()
        self.now.noting.copy_gradients()
        self._add()
        gone = [each for each in self._all[:-1] if each.ran <= self._later(each)]
        for each in gone or self._all[:-MOST]:
            self._drop(each)
        self._all = [each for each in self._all if each.kept]

    def joins(self, target: Target) -> bool:
        """A layer runs in the last pass; returns whether it has not run in it before."""
        if target.in_pass == self._number:
            return False
        target.in_pass = self._number
        self.now.ran.update((target.activation, target.gradient))
        return True

    def copy_gradients(self) -> None:
        """Copy the gradients that have come since it was last called."""
        for each in self._all:
            each.noting.copy_gradients()

    def finish(self) -> list[UnderWay]:
        """The statistics of each layer's last pass."""
        self.now.noting.copy_outputs()
        self.copy_gradients()
        found = [each.pools.finish(self._later(each)) for each in self._all]
        return [under_way for those in found for under_way in those]

    def _later(self, one: Pass) -> set[int]:
        """Rows of the layers that have run in a pass after this one."""
        later = self._all[self._all.index(one) + 1 :]
        return set[int]().union(*(each.ran for each in later))

    def _add(self) -> None:
        self._number += 1
        pools, noting = self._spare.pop() if self._spare else self._made()
        noting.begin(self._phase)
        self.now = Pass(pools, noting)
        self._all.append(self.now)

    def _made(self) -> tuple[Pools, Noting]:
        pools = Pools(exact=self._exact)
        pools.wanted = self._wanted
        return pools, Noting(pools, self._units, self._fail)

    def _drop(self, one: Pass) -> None:
        one.kept = False
        if one.ran:
            one.pools.clear()
            one.noting.begin(self._phase)
        self._spare.append((one.pools, one.noting))
