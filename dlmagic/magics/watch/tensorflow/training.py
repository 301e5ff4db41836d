"""The steps of a model of Keras that are in graphs of TensorFlow, seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.magics.watch.keras.weights import WeightsBefore
from dlmagic.magics.watch.tensorflow import recorder
from dlmagic.magics.watch.tensorflow.steps import GraphSteps

if TYPE_CHECKING:
    from dlmagic.magics.watch.keras.training import Training

_SEVERAL_DEVICES = (
    "Several devices train this model together (tf.distribute): its steps are not measured."
)

_COMPILED = (
    "XLA compiles this model, which rounds otherwise where more is asked of it: only weights and "
    "updates are measured; model.compile(..., jit_compile=False) shows outputs and gradients, too."
)


class GraphTraining:
    """Looks, after each call of a function, whether its graph has made steps.

    Args:
        training: The training that they belong to.
    """

    def __init__(self, training: Training) -> None:
        self._training, self._account = training, training.account
        self._steps = GraphSteps(exact=self._account.rate.exact, axes=training.axes)
        self._written = self._account.chosen
        self._stale = False
        self._before: WeightsBefore | None = None
        self.hidden: set[str] = set()
        """Layers whose outputs are inside a loop or function of the graph."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        """While active, functions of the user are heard of, too."""
        self._steps.state.set_active(self._account.is_due())
        with compat.functions_told(self._function_ended):
            yield
        self._steps.state.set_active(False)

    def is_tracing(self) -> bool:
        """Whether the step is written down rather than made."""
        return recorder.in_a_graph()

    @property
    def is_compiled(self) -> bool:
        """Whether XLA compiles all steps, which then show nothing of the layers' calls."""
        plans = self._steps.plans
        return bool(plans) and all(plan is None for plan in plans)

    def choose(self, chosen: frozenset[str]) -> None:
        """Measure other layers; a graph that does not is made again."""
        self._stale = not chosen <= self._written

    def write(
        self,
        proceed: Callable[[], Any],
        optimizer: Any,
        gradients: list[Any],
        variables: list[Any],
    ) -> Any:
        """Write a step down."""
        training, account = self._training, self._account
        if recorder.has_replicas():
            account.note(_SEVERAL_DEVICES)
            return proceed()
        account.stopwatch.interrupted()
        if compat.is_compiled_by_xla():
            account.note(_COMPILED)
            subject = training.subject(optimizer, gradients, variables, recorder.reaches)
            return self._steps.write_compiled(proceed, subject)
        self._written = account.chosen
        outputs = training.heard.outputs
        self.hidden |= {each.layer for each in outputs if recorder.is_inside(each.tensor)}
        # Keras calls what it loops over once outside the loop, to learn the shapes.
        outputs[:] = [each for each in outputs if each.layer not in self.hidden]
        subject = training.subject(optimizer, gradients, variables, recorder.reaches)
        return self._steps.write(proceed, subject, account.chosen)

    def look(self) -> None:
        """See whether steps were made; raises what the session raises."""
        account = self._account
        numbers = self._steps.state.read()
        made = int(numbers[recorder.STEPS]) - account.steps
        if made <= 0:
            account.skipped += self._left_out()
            return
        account.steps += made
        measured = int(numbers[recorder.MEASURED]) == account.steps
        if measured:
            self._deliver(int(numbers[recorder.PLAN]))
        account.stopwatch.step_ended(account.steps, steps=made, measured=measured, own=None)
        self._prepare(int(numbers[recorder.PLAN]))
        self._renew()
        try:
            if numbers[recorder.FAULT]:
                self._tell_fault(int(numbers[recorder.FAULT]), int(numbers[recorder.FAULT_PLAN]))
        finally:
            account.step_ended(float(numbers[recorder.LOSS]))

    def _deliver(self, place: int) -> None:
        account, hidden = self._account, self._training.hidden()
        if self._steps.plans[place] is not None:
            account.deliver(account.steps, *self._steps.read(place), hidden=hidden)
        elif self._before is not None:
            account.deliver(account.steps, *self._before.after(), hidden=hidden)

    def _prepare(self, place: int) -> None:
        """Have the next step measured, or not."""
        account, due = self._account, self._account.is_due()
        self._steps.state.set_active(due)
        self._before = None
        if due and self._steps.plans[place] is None:
            exact = account.rate.exact
            self._before = WeightsBefore(account.found, account.chosen, exact=exact)

    def _tell_fault(self, step: int, place: int) -> None:
        plan = self._steps.plans[place]
        self._steps.state.forget_fault()
        if plan is not None:
            self._account.is_not_finite(step, plan.suspects, plan.faults.numpy())

    def _left_out(self) -> int:
        """How many steps a function of ``fit`` has just left out."""
        optimizer = getattr(self._training.model, "optimizer", None)
        return int(hasattr(optimizer, "inner_optimizer") and bool(self._steps.plans))

    def _function_ended(self) -> None:
        if self._steps.plans and not self._training.train_function.is_running:
            self.look()

    def _renew(self) -> None:
        """Layers were chosen that the graph of ``fit`` does not measure: it is made again."""
        function = self._training.train_function
        if self._stale and function.exists:
            self._stale = False
            function.make_again()
