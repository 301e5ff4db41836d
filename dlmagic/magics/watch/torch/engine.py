"""Follows the training of one model, step by step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.sample_result import Silent, Untrained
from dlmagic.magics.watch.torch import eager, step_hooks
from dlmagic.magics.watch.torch.alarm import Alarm
from dlmagic.magics.watch.torch.layers import layers_of
from dlmagic.magics.watch.torch.manual import ByHand
from dlmagic.magics.watch.torch.measuring import Measuring
from dlmagic.magics.watch.torch.optimizers import (
    AfterClosure,
    Owned,
    closure_of,
    with_closure,
)
from dlmagic.magics.watch.torch.plan import identities, plan_for
from dlmagic.magics.watch.torch.progress import Progress
from dlmagic.magics.watch.torch.root import watch_calls
from dlmagic.magics.watch.torch.silence import silent_layers
from dlmagic.magics.watch.torch.untrained import untrained_layers
from dlmagic.magics.watch.watcher import Listener


class Engine:
    """Hooks of one model and of the optimisers that train it.

    The model's hooks hold it, so that it goes with the model.
    """

    def __init__(self, model: nn.Module, progress: Progress, listener: Listener) -> None:
        self._model, self._progress, self._listener = model, progress, listener
        self._stepping = progress.stepping
        self._alarm = Alarm(model)
        self._called = self._accumulated = self._bypassed = self._evaluated = False
        self._inside = self._until_step = False
        # Whether compiled code is left aside in each call that runs; None in those of transforms.
        self._running: list[bool | None] = []
        self._optimised: dict[int, frozenset[int]] = {}
        self._under_way: dict[int, frozenset[int]] = {}
        self._own = 0.0
        self._plan_again()
        self.attach()

    def attach(self) -> None:
        """Hear of the model's calls and the optimisers' steps from now on."""
        self._ended_at = math.nan
        self._calls = watch_calls(self._model, self.before_call, self.after_call)
        step_hooks.follow(self)

    def detach(self) -> None:
        """Hear of them no more; to be called between two steps."""
        step_hooks.leave(self)
        self._calls.remove()

    def end(self) -> None:
        """Take all hooks off."""
        if self._accumulated and self._by_hand.has_stepped():
            self._stepped_by_hand(last=True)
        elif self._accumulated and not self._stepping.steps:
            self._progress.skipped += 1
        self._progress.silent = self.silent()
        self._progress.untrained = self.untrained()
        self.detach()
        self._measuring.forget()
        self._stop_eager()
        self._alarm.forget()

    def silent(self) -> tuple[Silent, ...]:
        """Layers that have not fired in any measured step."""
        return silent_layers(self._measuring) if self._measuring.finished else ()

    def untrained(self) -> tuple[Untrained, ...]:
        """Layers whose parameters require gradients in vain, of a model that optimisers train."""
        if not self._optimised or self._measuring.plan.has_parts:
            return ()
        return untrained_layers(self._measuring, frozenset().union(*self._optimised.values()))

    # What the model does.

    def before_call(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        """The model is called."""
        if torch.compiler.is_compiling() or self._alarm.diagnosing or self._inside:
            return  # no graph must know of us
        if not module.training or not torch.is_grad_enabled() or compat.in_backward():
            if not module.training and torch.is_grad_enabled():
                self._evaluated |= not compat.in_transform()
            return
        if compat.in_transform():
            self._running.append(None)  # nor a derivative
            return
        began = time.perf_counter()
        if self._stepping.passes():
            self._step_ended()
        elif self._accumulated and self._by_hand.has_stepped():
            self._stepped_by_hand()
        self._called = True
        step = self._stepping.steps + 1
        if self._progress.pacing.due(step):
            self._begin()
        measured = self._measuring.on
        if self._heeds(step):
            self._look(self._alarm.keep, step, args, kwargs, measured=measured)
        else:
            self._alarm.forget()
        self._running.append(measured and not self._until_step and eager.enter(self))
        self._own += time.perf_counter() - began

    def after_call(self, module: nn.Module, _args: Any, output: Any) -> None:
        """The model has been called, or has raised."""
        if torch.compiler.is_compiling() or self._alarm.diagnosing or self._inside:
            return
        if not self._running or not module.training or not torch.is_grad_enabled():
            return  # also a call within the one that is looked at, or in another thread
        left_aside = self._running.pop()
        if left_aside is None:
            return
        began = time.perf_counter()
        if left_aside:
            eager.leave(self)
        if self._measuring.on:
            self._look(self._measuring.called)
            self._look(self._alarm.see_whether_it_draws)
        if output is not None:
            self._alarm.returned(output, self.gradient_came)
        self._own += time.perf_counter() - began

    def gradient_came(self) -> None:
        """A gradient has reached the output of the model: a backward pass has begun."""
        if self._alarm.diagnosing or self._inside:
            return
        if self._accumulated and self._by_hand.is_cleared():
            self._progress.skipped += 1
            self._accumulated = False
        if torch.is_grad_enabled():  # with create_graph, as for a penalty on gradients
            self._by_hand.note_gradient()
        compat.at_end_of_backward(self.backward_ended)

    def backward_ended(self) -> None:
        """All gradients are there."""
        if not self._by_hand.has_gradient():  # they were asked for themselves
            return
        self._accumulated = True
        if self._by_hand.optimizer_seen:
            return
        self._by_hand.note()
        step = self._stepping.steps + 1
        self._look(self._alarm.look, step, self._identities, None)
        self._tell_if_not_finite()
        if self._measuring.on:
            self._look(self._measuring.gradients_ready, self._identities, None)

    # What the optimisers do.

    def before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        """An optimiser is about to step."""
        owned = self._under_way[id(optimizer)] = self._owned.by(optimizer)
        if not owned or self._alarm.diagnosing:
            return None
        if self._inside:
            self._leave_closure()
        closure = closure_of(args, kwargs)
        if closure is None:
            self._about_to_step(optimizer, owned)
            return None
        then = partial(self._about_to_step, optimizer, owned, within=True)
        again = self._measuring.steps_on
        return with_closure(args, kwargs, AfterClosure(closure, then, again))

    def _about_to_step(
        self, optimizer: Optimizer, owned: frozenset[int], *, within: bool = False
    ) -> None:
        began = time.perf_counter()
        if not self._by_hand.optimizer_seen:
            self._by_hand.optimizer_seen = True
            self._measuring.trained.clear()  # from now on what counts is what an optimiser finds
            self._take_back_what_was_tried()
        self._optimised.setdefault(id(owned), owned)
        if self._stepping.closes(id(optimizer)):
            self._step_ended()
        self._stepping.begins(id(optimizer))
        scale, skips = compat.takes_scaled_gradients(optimizer)
        step = self._stepping.steps
        if self._heeds(step):
            self._look(self._alarm.look, step, owned, skips)
        if skips is not None and skips.device.type == "cpu" and bool(skips):
            self._progress.skipped += 1
        self._tell_if_not_finite()
        if self._measuring.on:
            self._look(self._measuring.weigh)
            self._look(self._measuring.gradients_ready, owned, scale)
        if within:
            self._inside = self._measuring.deaf = True
        self._own += time.perf_counter() - began

    def after_step(self, optimizer: Optimizer) -> None:
        """An optimiser has stepped."""
        owned = self._under_way.pop(id(optimizer), None)
        if not owned or self._alarm.diagnosing:
            return
        began = time.perf_counter()
        if self._inside:
            self._leave_closure()
        if self._measuring.on:
            self._look(self._measuring.weights_changed, owned)
        ended = self._stepping.ends(id(optimizer))
        self._own += time.perf_counter() - began
        if ended:
            self._step_ended()

    def _leave_closure(self) -> None:
        """An optimiser calls its closure no more, whose first call was the one to look at."""
        self._inside, self._measuring.deaf = False, self._measuring.failure is not None

    # Steps.

    def _stepped_by_hand(self, *, last: bool = False) -> None:
        """Weights have changed without an optimiser."""
        self._by_hand.steps += 1
        self._stepping.counts()
        self._progress.delivery.held = self._stepping.steps if self._by_hand.steps == 1 else None
        if self._measuring.on:
            self._look(self._measuring.weights_changed, self._identities)
        self._step_ended(last=last)

    def _take_back_what_was_tried(self) -> None:
        """Before an optimiser's first step weights were only tried out, as in SAM.

        That was none, unless it has been shown already.
        """
        if self._by_hand.steps:
            self._measuring.weigh_again()
        if self._by_hand.steps == 1 and self._progress.delivery.withdraw():
            self._stepping.takes_back()
            self._progress.skipped += 1

    def _step_ended(self, *, last: bool = False) -> None:
        began = time.perf_counter()
        step, progress = self._stepping.steps, self._progress
        loss = self._listener.loss_wanted()
        if loss is not None:
            progress.delivery.put_loss(step, loss)
        measured = self._measuring.on
        if not self._until_step:  # else it was called only because compiled code was left aside
            self._bypassed = not self._called
        if measured:
            self._deliver(step)
        if self._alarm.waits:  # else it was told before the weights were changed
            self._tell_if_not_finite()
        self._called = self._accumulated = False
        if progress.chosen_again and self._measuring.plan.has_parts:
            self._plan_again()  # while the layers have their parts, and not in a pass
        if self._bypassed:
            self._begin_without_a_call()
        self._evaluated = False
        self._note_times(step, began, measured=measured)
        if not self._alarm.waits:  # it was finite; until the next call its memory is free again
            self._alarm.forget()
        if not last:  # else there is nothing left to be stopped
            self._listener.step_ended(step)

    def _note_times(self, step: int, began: float, *, measured: bool) -> None:
        """How long a step took, up to now, and how much of that was our own doing."""
        progress, now = self._progress, time.perf_counter()
        seconds, self._ended_at = now - self._ended_at, now
        own, self._own = self._own + now - began, 0.0
        if measured:
            progress.pacing.measured_step(step, seconds, own + self._measuring.own)
            return
        progress.pacing.plain_step(seconds, own)
        if progress.heed.decides:
            progress.heed.plain_step(seconds, own, looked=self._heeds(step))

    def _begin_without_a_call(self) -> None:
        """Measure the next step, if it is due, from the end of this one on."""
        if self._evaluated:
            self._progress.evaluated = True
        else:
            self._progress.bypassed = True
        if self._progress.pacing.due(self._stepping.steps + 1):
            self._begin()
        if self._measuring.on and not self._until_step:
            self._until_step = eager.enter(self)

    def _deliver(self, step: int) -> None:
        self._stop_eager()
        failure = self._measuring.failure
        if failure is None:
            self._look(self._put, step)
            failure = self._measuring.failure
        if failure is not None:
            self._measuring.forget()
            self._progress.failure = failure

    def _put(self, step: int) -> None:
        taken = self._measuring.finish()
        self._progress.delivery.put(step, taken, exact=self._measuring.exact)

    def _look(self, look: Callable[..., None], *args: Any, **options: Any) -> None:
        """Look at something; if that fails, training goes on without being looked at."""
        try:
            if self._measuring.failure is None:
                look(*args, **options)
        except Exception as error:
            self._measuring.fail(error)

    def _begin(self) -> None:
        """Measure from now on, if that may be."""
        progress = self._progress
        if self._measuring.on or progress.paused or progress.failure is not None:
            return
        plan = self._measuring.plan
        if (progress.chosen_again and not plan.has_parts) or not plan.still_fits():
            self._plan_again()
        self._look(self._measuring.begin)
        if not self._by_hand.optimizer_seen:
            self._look(self._measuring.weigh)

    def _plan_again(self) -> None:
        progress = self._progress
        chosen = progress.newly_chosen()
        self._identities = identities(self._model)
        self._owned = Owned(self._model)
        parameters = list(self._model.parameters())
        self._alarm.watch(parameters)
        self._by_hand = ByHand(parameters)
        plan = plan_for(layers_of(self._model), chosen)
        self._measuring = Measuring(plan, exact=progress.rate.exact)

    def _stop_eager(self) -> None:
        """Let compiled code run again, also after calls that were interrupted."""
        self._until_step = False
        eager.leave(self)

    # What is not finite.

    def _heeds(self, step: int) -> bool:
        """Whether a step is looked at; where only its passes tell what happens, each is."""
        every = self._progress.heed.every
        if every == 1 or step % every == 0 or self._measuring.on or self._alarm.ringing:
            return True
        if not self._by_hand.optimizer_seen or self._progress.skipped > 0:
            return True
        return self._listener.heeds_all()

    def _tell_if_not_finite(self) -> None:
        culprit = self._alarm.culprit(self._measuring) if self._alarm.has_news else None
        if culprit is not None:
            self._listener.not_finite(culprit)
