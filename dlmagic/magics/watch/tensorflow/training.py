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
        self._training = training
        self._steps = GraphSteps(exact=training.rate.exact, axes=training.axes)
        self._written = training.chosen
        self._stale = False
        self._before: WeightsBefore | None = None
        self.hidden: set[str] = set()
        """Layers whose outputs are inside a loop or function of the graph."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        """While active, functions of the user are heard of, too."""
        self._steps.state.set_active(self._training.is_due())
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
        training = self._training
        if recorder.has_replicas():
            training.note(_SEVERAL_DEVICES)
            return proceed()
        training.stopwatch.interrupted()
        if compat.is_compiled_by_xla():
            training.note(_COMPILED)
            subject = training.subject(optimizer, gradients, variables, recorder.reaches)
            return self._steps.write_compiled(proceed, subject)
        self._written = training.chosen
        outputs = training.heard.outputs
        self.hidden |= {each.layer for each in outputs if recorder.is_inside(each.tensor)}
        # Keras calls what it loops over once outside the loop, to learn the shapes.
        outputs[:] = [each for each in outputs if each.layer not in self.hidden]
        subject = training.subject(optimizer, gradients, variables, recorder.reaches)
        return self._steps.write(proceed, subject, training.chosen)

    def look(self) -> None:
        """See whether steps were made; raises what the session raises."""
        training = self._training
        numbers = self._steps.state.read()
        made = int(numbers[recorder.STEPS]) - training.steps
        if made <= 0:
            training.skipped += self._left_out()
            return
        training.steps += made
        measured = int(numbers[recorder.MEASURED]) == training.steps
        if measured:
            self._deliver(int(numbers[recorder.PLAN]))
        training.stopwatch.step_ended(training.steps, steps=made, measured=measured, own=None)
        self._prepare(int(numbers[recorder.PLAN]))
        self._renew()
        try:
            if numbers[recorder.FAULT]:
                self._tell_fault(int(numbers[recorder.FAULT]), int(numbers[recorder.FAULT_PLAN]))
        finally:
            training.step_ended(float(numbers[recorder.LOSS]))

    def _deliver(self, place: int) -> None:
        training, plan = self._training, self._steps.plans[place]
        if plan is not None:
            training.deliver(training.steps, *self._steps.read(place))
        elif self._before is not None:
            training.deliver(training.steps, *self._before.after())

    def _prepare(self, place: int) -> None:
        """Have the next step measured, or not."""
        training, due = self._training, self._training.is_due()
        self._steps.state.set_active(due)
        self._before = None
        if due and self._steps.plans[place] is None:
            exact = training.rate.exact
            self._before = WeightsBefore(training.found, training.chosen, exact=exact)

    def _tell_fault(self, step: int, place: int) -> None:
        plan = self._steps.plans[place]
        self._steps.state.forget_fault()
        if plan is not None:
            self._training.is_not_finite(step, plan.suspects, plan.faults.numpy())

    def _left_out(self) -> int:
        """How many steps a function of ``fit`` has just left out."""
        optimizer = getattr(self._training.model, "optimizer", None)
        return int(hasattr(optimizer, "inner_optimizer") and bool(self._steps.plans))

    def _function_ended(self) -> None:
        if self._steps.plans and not self._training.is_in_fit:
            self.look()

    def _renew(self) -> None:
        """Layers were chosen that the graph of ``fit`` does not measure: it is made again."""
        model = self._training.model
        if self._stale and self._training.has_fit:
            self._stale = False
            model.make_train_function(force=True)
