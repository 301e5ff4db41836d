"""A forward pass with a look at every operation: where do values stop being finite?"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dlmagic.magics.watch.torch.culprit.call import tensors_in
from dlmagic.magics.watch.torch.culprit.hooks import hooks_on
from dlmagic.magics.watch.torch.culprit.numbers import Range, is_finite, magnitudes_of, numbers_of
from dlmagic.magics.watch.torch.culprit.origin import LayerCall, Origin, Origins, first
from dlmagic.magics.watch.torch.culprit.rules import (
    Seen,
    is_deliberate,
    is_unexplained,
    passed_on,
    written_by,
)
from dlmagic.magics.watch.torch.culprit.tape import Owner, Tape

_TRAIL = 8


class Forward(TorchFunctionMode):
    """One forward pass of a model, operation by operation and layer by layer."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.origins = Origins()
        self.tape = Tape()
        self.ended: list[LayerCall] = []
        self._model = model
        self._stack: list[LayerCall] = []
        self._given: list[list[Seen]] = []
        self._calls: Counter[str] = Counter()
        self._time = 0
        self._looking = False

    def run(self, args: Iterable[Any], kwargs: dict[str, Any]) -> Any:
        """Call the model. What it raises is raised."""
        with ExitStack() as stack:
            for handle in hooks_on(self._model, self._begin, self._end):
                stack.callback(handle.remove)
            with self:
                output = self._model(*args, **kwargs)
        return output

    @property
    def time(self) -> int:
        """How many operations there have been."""
        return self._time

    def origin_of(self, tensors: Iterable[Tensor]) -> Origin | None:
        """Where values come from that are not finite, other than the infinities of masks."""
        bad = (each for each in tensors if not is_finite(each))
        found = first(map(self.origins.of, bad))
        return None if found is None or found.deliberate else found

    def forget(self) -> None:
        """Keep no tensor and no graph any more."""
        self.origins.forget()
        self.tape.forget()

    def trail(self, origin: Origin) -> tuple[tuple[str, str, float, float], ...]:
        """The layers that ended last before a value was made, those of the forward pass."""
        until = origin.when
        if origin.pass_ == "backward" and origin.call is not None:
            until = origin.call.ended
        last = deque((each for each in self.ended if each.ended < until), maxlen=_TRAIL)
        seen = [(each, each.magnitudes) for each in last]
        return tuple((c.path, c.kind, *magnitudes) for c, magnitudes in seen if magnitudes)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Every operation of PyTorch."""
        keywords = kwargs or {}
        name = getattr(func, "__name__", "")
        if self._looking or name == "__get__" or not self._stack:
            return func(*args, **keywords)
        inputs = self._look((args, keywords))
        deliberate = [*args, *keywords.values()]
        result = func(*args, **keywords)
        outputs = [*tensors_in(result), *tensors_in(list(written_by(name, args, keywords)))]
        self._judge(name, deliberate, inputs, outputs)
        return result

    def _begin(
        self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        with _Looking(self):
            if self._stack:  # what nobody has told of was made by the layer around
                unknown = [x for x in tensors_in((args, kwargs)) if self.origins.of(x) is None]
                self._judge("", [], [], unknown)
            self._calls[path] += 1
            given = self._look((args, kwargs))
            call = LayerCall(path, type(module).__name__, self._calls[path], _range_of("", given))
            self._stack.append(call)
            self._given.append(given)

    def _end(self, path: str, module: nn.Module, _args: object, output: object) -> None:
        with _Looking(self):
            while self._stack[-1].path != path:  # a layer that raised, and somebody went on
                self._leave()
            call, tensors = self._stack[-1], list(tensors_in(output))
            unknown = [each for each in tensors if self.origins.of(each) is None]
            self._judge("", list(unknown), self._given[-1], unknown)
            self._leave()
            call.ended = self._time
            if next(module.children(), None) is None:
                call.magnitudes = next(filter(None, map(magnitudes_of, tensors)), None)
                self.ended.append(call)

    def _leave(self) -> None:
        self._stack.pop()
        self._given.pop()

    def _look(self, values: object) -> list[Seen]:
        """The inputs of an operation as they are before it, which may write to them."""
        seen = ((each, numbers_of(each)) for each in tensors_in(values))
        known = ((each, numbers) for each, numbers in seen if numbers is not None)
        return [
            Seen(numbers, None if numbers.are_finite else self.origins.of(each))
            for each, numbers in known
        ]

    def _judge(
        self, name: str, arguments: list[Any], inputs: list[Seen], outputs: list[Tensor]
    ) -> None:
        self._time += 1
        call, given = self._stack[-1], _range_of(name, inputs)
        touched = [each.origin for each in inputs]
        for tensor in outputs:
            made = numbers_of(tensor)
            if made is None or made.are_finite:
                continue
            origin = passed_on(name, inputs, made)
            if origin is None:
                strange = is_unexplained(inputs, made)
                asked = (strange and not made.nan) or is_deliberate(name, arguments, made, given)
                origin = Origin(
                    self._time,
                    "forward",
                    made,
                    call,
                    "" if strange else name,
                    given,
                    deliberate=asked,
                )
            self.origins.put(tensor, origin)
            touched.append(origin)
        self.tape.claim(outputs, Owner(call, name, given, first(touched)))


class _Looking:
    """While it is entered, operations are our own."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward

    def __enter__(self) -> None:
        self._forward._looking = True

    def __exit__(self, *error: object) -> None:
        self._forward._looking = False


def _range_of(name: str, inputs: list[Seen]) -> Range | None:
    """Between which values the input lies that matters: a fraction's is what it is divided by."""
    divides = "div" in name and len(inputs) > 1
    seen = inputs[1] if divides else next(iter(inputs), None)
    return seen.numbers.range if seen is not None else None
