"""The passes of one measured step: what came of a layer is that of the last one that trained it.

Gradients that are added up over several batches, or two models that are trained in turns as a
generator and its discriminator, make a step of several passes. Each begins with the first call
after a backward pass. Not all layers run in each, and not all that run are reached by gradients: so
of each layer the last pass counts in which gradients reached it, or else the last that it ran in. A
gradient that comes later still finds the output that it belongs to.
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
        ran: Layers that have run in it: the rows of their outputs, and of the gradients of those.
        kept: Whether it still counts.
    """

    def __init__(self, pools: Pools, noting: Noting) -> None:
        self.pools, self.noting = pools, noting
        self.ran: dict[int, int] = {}
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
        self.copy_gradients()
        counting = self._counting()
        for each in self._all[:-1]:
            if not any(counting[row] is each for row in each.ran):
                self._drop(each)
        self._all = [each for each in self._all if each.kept]
        self._add()
        for each in self._all[:-MOST]:
            self._drop(each)
        self._all = [each for each in self._all if each.kept]

    def joins(self, target: Target) -> bool:
        """A layer runs in the last pass; returns whether it has not run in it before."""
        if target.in_pass == self._number:
            return False
        target.in_pass = self._number
        self.now.ran[target.activation] = target.gradient
        return True

    def copy_gradients(self) -> None:
        """Copy the gradients that have come since it was last called."""
        for each in self._all:
            each.noting.copy_gradients()

    def finish(self) -> list[UnderWay]:
        """The statistics of the pass that counts of each layer."""
        self.now.noting.copy_outputs()
        self.copy_gradients()
        if len(self._all) == 1:
            return self.now.pools.finish()
        counting = self._counting()
        found: list[UnderWay] = []
        for each in self._all:
            pairs = (pair for pair in each.ran.items() if counting[pair[0]] is not each)
            found += each.pools.finish({row for pair in pairs for row in pair})
        return found

    def _counting(self) -> dict[int, Pass]:
        """Which pass counts, by the row of a layer's outputs."""
        counting, reached = dict[int, Pass](), set[int]()
        for each in self._all:
            there = each.pools.owners()
            for activation, gradient in each.ran.items():
                if gradient in there or activation not in reached:
                    counting[activation] = each
            reached |= {activation for activation, row in each.ran.items() if row in there}
        return counting

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
