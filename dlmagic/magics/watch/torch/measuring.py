"""One step that is measured: hooks on layers, values of parameters, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.torch.hooks import Hook, LayerHooks
from dlmagic.magics.watch.torch.parameters import Parameters
from dlmagic.magics.watch.torch.passes import Pass, Passes
from dlmagic.magics.watch.torch.plan import Layout, Plan, Target
from dlmagic.magics.watch.torch.pools import Pools, UnderWay
from dlmagic.magics.watch.torch.units import DeadUnits, Units
from dlmagic.magics.watch.torch.values import local, readable_in, why_unreadable


class Measuring:
    """Looks at the layers and parameters of a plan, step by step.

    Attributes:
        own: Seconds that looking has taken in this step.
        unread: Why nothing could be looked at of a layer's outputs, by its row.
        trained: Identities of the parameters that had gradients in any measured step.
        fired: Rows of the layers that have run in any measured step.
        on: Whether a step is being measured.
        finished: Whether any step has been measured.
        deaf: Whether calls of the layers are to be ignored for now.
        failure: What went wrong while looking; then nothing more is looked at.
    """

    def __init__(self, plan: Plan, *, exact: bool) -> None:
        self.plan, self.exact = plan, exact
        self.own = 0.0
        self.on = self.deaf = self.finished = False
        self.failure: Exception | None = None
        self.unread: dict[int, str] = {}
        self.fired: set[int] = set()
        self.trained: set[int] = set()
        self._pools = Pools(exact=exact)
        self._pools.wanted = plan.values_wanted()
        self._parameters = Parameters(plan.parameters, self._pools, exact=exact)
        self._units = Units(exact=exact)
        self._passes = Passes(self._units, self.fail, wanted=self._pools.wanted, exact=exact)
        self._hooks = LayerHooks()
        for target in plan.targets:
            self._hooks.add(target.module, Hook(self._layer_ran, target))
        self._phase = 0
        self._weighed = self._is_many = False
        self._backward_ran = False

    def begin(self) -> None:
        """Put hooks on the layers, and look at the first step from here on."""
        began = time.perf_counter()
        self.on, self.own = True, 0.0
        self._phase += 1
        self._passes.begin(self._phase)
        self._hooks.put_on()
        self.own += time.perf_counter() - began

    def called(self) -> None:
        """The model has been called."""
        with torch.no_grad():
            self._passes.now.noting.copy_outputs()

    def weigh(self) -> None:
        """Look at the weights, once in a step and before they change."""
        if not self._weighed:
            self._weighed = True
            with torch.no_grad():
                self._parameters.before(self._phase)

    def weigh_again(self) -> None:
        """What was seen of the weights was not what they are when they change."""
        self._weighed = False
        self._parameters.forget_weights()

    def gradients_ready(self, owned: Collection[int], scale: Tensor | None) -> None:
        """Look at the gradients that an optimiser is about to use."""
        with torch.no_grad():
            self._passes.copy_gradients()
            self.trained |= self._parameters.gradients(owned, scale, self._phase)

    def weights_changed(self, owned: Collection[int]) -> None:
        """Look at the weights that an optimiser has changed."""
        with torch.no_grad():
            self._parameters.after(owned, self._phase)

    def steps_on(self) -> None:
        """The optimiser evaluates the loss once more in its step: it takes several in one."""
        self._is_many = self.on

    def finish(self) -> Taken:
        """Take the hooks off and the statistics of the step."""
        with torch.no_grad():
            outputs = self._passes.finish()
            under_way = [*outputs, *self._pools.finish(), *self._parameters.finish()]
            dead, calls = self._units.finish(), self._calls()
            taken = Taken(self.plan.layout, under_way, dead, calls, is_many=self._is_many)
        self.finished = True
        self.forget()
        return taken

    def forget(self) -> None:
        """Take the hooks off, and drop what was looked at."""
        self._hooks.take_off()
        self._pools.clear()
        self._parameters.clear()
        self._passes.begin(self._phase)
        self._units.clear()
        for target in self.plan.targets:
            target.calls = target.again = 0
        self.on = self._weighed = self._backward_ran = self._is_many = False

    def _calls(self) -> NDArray[np.uint32]:
        calls = np.zeros(len(self.plan.layout.rows), np.uint32)
        targets = self.plan.targets
        found = [each.calls or each.again for each in targets]
        calls[[each.activation for each in targets]] = found
        calls[[each.gradient for each in targets]] = found
        return calls

    def _layer_ran(self, target: Target, module: nn.Module, _args: Any, output: Any) -> None:
        if self.deaf or torch.compiler.is_compiling():
            return
        if not module.training or not torch.is_grad_enabled():
            target.evaluated = True
            return
        if compat.in_transform():
            self.unread[target.activation] = "it ran only within torch.func or torch.jit.trace"
            return
        began = time.perf_counter()
        try:
            if not self._is_repeated(target):
                call = target.calls or target.again
                if not self._passes.now.noting.note(target, output, call):
                    self._look(target, output, call)
        except Exception as error:  # training goes on, and the session says so
            self.fail(error)
        self.own += time.perf_counter() - began

    def _is_repeated(self, target: Target) -> bool:
        """Whether a call only repeats one that was looked at; notes the call if it does not."""
        if compat.in_backward():
            # Checkpointing of the older kind runs the layer without gradients at first.
            if not target.calls:
                self._joins(target)
                target.again += 1
            return target.calls > 0
        if self._backward_ran or self._passes.now.noting.backward_ran():
            self._backward_ran = False
            with torch.no_grad():
                self._passes.another()
        self._joins(target)
        target.calls += 1
        return False

    def _joins(self, target: Target) -> None:
        if self._passes.joins(target):
            self.fired.add(target.activation)
            target.calls = target.again = 0

    def _look(self, target: Target, output: Any, call: int) -> None:
        tensors = readable_in(output)
        if not tensors:
            self.unread[target.activation] = why_unreadable(output)
            return
        now = self._passes.now
        for place, tensor in enumerate(tensors):
            here = local(tensor)
            now.pools.add(target.activation, here, self._phase, call)
            if target.can_be_zero and not place:
                self._units.add(target, here, self._phase)
            if type(output) is Tensor:
                now.noting.see_whether_it_stays(target, here)
            if tensor.requires_grad:
                tensor.register_hook(partial(self._gradient_came, target, now, call))
        if call == 1:
            shapes = self.plan.layout.shapes
            shapes[target.activation] = shapes[target.gradient] = tuple(tensors[0].shape)
        target.dtype = tensors[0].dtype

    def _gradient_came(self, target: Target, of: Pass, call: int, gradient: Tensor) -> None:
        if not self.on or self.deaf or not of.kept:
            return
        began = time.perf_counter()
        self._backward_ran = True
        try:
            # At once: to keep gradients for a while would keep their memory from being used again.
            here = local(gradient)
            of.pools.add(target.gradient, here, self._phase, call)
            target.version = compat.version_of(here)
            of.noting.see_whether_it_stays(target, here)
        except Exception as error:  # as above
            self.fail(error)
        self.own += time.perf_counter() - began

    def fail(self, error: Exception) -> None:
        """Looking has failed: it stops here."""
        self.failure, self.deaf = error, True


class Taken:
    """What one step gave, perhaps still on its way to the host.

    Attributes:
        layout: What its rows are.
        calls: How often each row's layer ran.
        is_many: Whether the optimiser took several steps in one.
    """

    def __init__(
        self,
        layout: Layout,
        under_way: list[UnderWay],
        dead: list[DeadUnits],
        calls: NDArray[np.uint32],
        *,
        is_many: bool,
    ) -> None:
        self.layout, self.calls, self.is_many = layout, calls, is_many
        self.under_way, self.dead = under_way, dead

    def arrived(self) -> bool:
        """Whether all of it is there."""
        under_way = all(each.arrived() for each in self.under_way)
        return under_way and all(each.arrived() for each in self.dead)
