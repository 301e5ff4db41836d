"""What one step of training has to show: outputs, gradients and variables, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import tree

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.magics.watch.gathering import Key
from dlmagic.magics.watch.keras import functions

_MOST_CALLS = 20
"""Calls of one layer that are kept: more come from a loop without a step, such as in prediction."""


@dataclass(frozen=True, eq=False)
class Output:
    """What a call of a layer returned: the first of its tensors that has numbers."""

    layer: str
    tensor: Any


@dataclass(frozen=True, eq=False)
class Weight:
    """A variable that a step changes, and its gradient."""

    layer: str
    parameter: str
    variable: Any
    gradient: Any

    def key(self, quantity: Any) -> Key:
        """The row of one of its quantities."""
        return Key(self.layer, quantity, self.parameter)


@dataclass(frozen=True, eq=False)
class Subject:
    """One step.

    Attributes:
        inputs: What the model was given.
        outputs: What its layers returned, in the order in which they ended.
        loss: The loss, where the model computed it itself.
        weights: What the optimiser is about to change.
    """

    inputs: tuple[Any, ...] = ()
    outputs: tuple[Output, ...] = ()
    loss: Any = None
    weights: tuple[Weight, ...] = ()

    def of_layers(self, chosen: Collection[str]) -> Subject:
        """The part of it that is of these layers."""
        return Subject(
            self.inputs,
            tuple(each for each in self.outputs if each.layer in chosen),
            self.loss,
            tuple(each for each in self.weights if each.layer in chosen),
        )

    def gradients(self) -> list[Any]:
        """Of all weights."""
        return [each.gradient for each in self.weights]


@dataclass(eq=False)
class Heard:
    """What was heard of a model since it was last called.

    Attributes:
        kept: How many layers the model has.
        models: The paths of those that are models.
        ends: Layers whose outputs were those of a model. They stay known.
    """

    kept: int
    models: frozenset[str] = frozenset()
    ends: set[str] = field(default_factory=set)
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    loss: Any = None

    def begun(self, path: str, args: tuple[Any, ...]) -> None:
        """A layer is called; where it is the model itself, that is the beginning."""
        if not path:
            self.clear()
            self.inputs = [each for each in tree.flatten(args) if functions.is_floating(each)]

    def ended(self, path: str, result: Any) -> None:
        """A layer has returned."""
        if len(self.outputs) >= _MOST_CALLS * self.kept:
            self.clear()
        if path in self.models:
            given = {id(each) for each in tree.flatten(result)}
            self.ends |= {each.layer for each in self.outputs if id(each.tensor) in given}
        for each in tree.flatten(result):
            if functions.is_floating(each):
                self.outputs.append(Output(path, each))
                return

    def loss_was(self, loss: Any) -> None:
        """The model has computed its loss."""
        self.loss = loss

    def clear(self) -> None:
        """Keep nothing of it."""
        self.inputs, self.outputs, self.loss = [], [], None

    def subject(
        self,
        gradients: Sequence[Any],
        variables: Sequence[Any],
        owners: dict[int, tuple[str, str]],
        usable: Callable[[Any], bool],
    ) -> Subject:
        """The step that an optimiser is about to make; what was heard is then forgotten.

        Args:
            gradients: The gradients.
            variables: Its variables.
            owners: Whose they are.
            usable: Whether a tensor can still be used where the step is made.
        """
        weights = [
            Weight(*owners[id(variable)], variable, gradient)
            for gradient, variable in zip(gradients, variables, strict=True)
            if gradient is not None and id(variable) in owners
        ]
        outputs = tuple(each for each in self.outputs if usable(each.tensor))
        inputs = tuple(each for each in self.inputs if usable(each))
        loss = self.loss if self.loss is not None and usable(self.loss) else None
        self.clear()
        return Subject(inputs, outputs, loss, tuple(weights))


def raw(variable: Any) -> Any:
    """The backend's own variable or tensor behind a variable of Keras."""
    value = compat.value_of(variable) if isinstance(variable, keras.Variable) else None
    return variable if value is None else value
