"""One watched model: measures while it trains, and has all that was seen so far."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from dlmagic.errors import TrainingStopped
from dlmagic.finding import Finding
from dlmagic.magics.watch.conclusion import conclude, layers_in
from dlmagic.magics.watch.course_result import Course, course_of
from dlmagic.magics.watch.export.exporter import Exporter, exporter
from dlmagic.magics.watch.flusher import THREAD, Flusher
from dlmagic.magics.watch.history import History
from dlmagic.magics.watch.judging import Judging
from dlmagic.magics.watch.listening import Listening
from dlmagic.magics.watch.named_loss import NamedLoss
from dlmagic.magics.watch.patterns import chosen
from dlmagic.magics.watch.request import WatchRequest
from dlmagic.magics.watch.result import LayerTable, WatchResult
from dlmagic.magics.watch.sample_result import Overhead, Quantity, Sample, Statistic
from dlmagic.magics.watch.showing import Showing
from dlmagic.magics.watch.stopping import StopWish
from dlmagic.magics.watch.uninterrupted import uninterrupted
from dlmagic.magics.watch.verdicts.untrained import findings_of
from dlmagic.magics.watch.watcher import Layer, Watcher

STOPPED = "stopped"
_MOST_IDLE = 8  # looks for a sample that is under way


class WatchSession:
    """A model that is watched, from ``%watch`` to ``%unwatch``.

    As a context manager it ends with its block, also where it has stopped the training itself.

    Args:
        model: The model.
        name: What it is called.
        watcher: Measures it.
        request: How.
        namespace: The user's names, for the loss.
        ended: Called with it when it has ended.

    Raises:
        InputError: No layer matches the pattern, or there is nothing to write to.
    """

    def __init__(
        self,
        model: object,
        name: str,
        watcher: Watcher,
        request: WatchRequest,
        namespace: Mapping[str, object],
        ended: Callable[[WatchSession], object] = lambda _: None,
    ) -> None:
        self.name, self.request = name, request
        self._model, self._kind = weakref.ref(model), type(model).__name__
        self._watcher, self._tell_end = watcher, ended
        self._names = chosen(request.layers, watcher.layers)
        self._exporter: Exporter | None = exporter(request.to) if request.to else None
        self.wish = self._new_wish()
        self._history = History([layer.name for layer in watcher.layers])
        self._judging = self._new_judging(request)
        self._flusher = Flusher(self._work)
        spare = self._spare if watcher.framework == "torch" else None
        self._listening = Listening(name, self.wish, self._judging, self._flusher, spare)
        self._showing = Showing(self)
        self._flushing, self._ending = threading.RLock(), threading.RLock()
        self._ended, self._problem, self._paused = "", "", False
        self._final: WatchResult | None = None
        self._idle = 0  # looks in which nothing new was there
        self._name_loss(request.loss, namespace)
        self._begin()

    @property
    def model(self) -> object:
        """The model; None where it is gone."""
        return self._model()

    @property
    def watcher(self) -> Watcher:
        """What measures it."""
        return self._watcher

    @property
    def kind(self) -> str:
        """Its class."""
        return self._kind

    @property
    def running(self) -> bool:
        """Whether it is still watched."""
        return not self._ended

    @property
    def paused(self) -> bool:
        """Whether nothing is measured until :meth:`resume`."""
        return self._paused

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Those that are measured, in the model's order."""
        names = frozenset(self._names)
        return tuple(each for each in self._watcher.layers if not names or each.name in names)

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """Those that could be measured."""
        return tuple(self._watcher.layers)

    @property
    def steps(self) -> int:
        """Steps of the optimiser so far."""
        return self._watcher.steps

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, as far as it has been seen."""
        self._flush()
        return self._found()

    def _found(self) -> tuple[Finding, ...]:
        """What is wrong with what was measured, and with what was not trained at all."""
        untrained = findings_of(
            self._watcher.untrained(),
            samples=self._history.samples,
            steps=self._watcher.steps,
        )
        return (*self._judging.findings, *untrained)

    @property
    def overhead(self) -> Overhead:
        """What watching has cost, as measured, with what it took to write elsewhere."""
        found = self._watcher.overhead()
        if self._exporter is None or found.share is None or not found.plain_step:
            return found
        written = self._exporter.seconds / (found.plain_step * found.steps)
        return replace(found, share=found.share + written)

    @property
    def losses(self) -> tuple[tuple[int, float], ...]:
        """Steps and losses, where the loss was named."""
        self._flush()
        return self._history.losses

    @property
    def past(self) -> History:
        """All that was measured, thinned."""
        return self._history

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the model is watched, a sentence each."""
        loss = self._listening.loss
        notes = [*self._watcher.notes(), loss.note() if loss else "", self._listening.stopped]
        if self._exporter is not None:
            notes += self._exporter.notes()
        return tuple(filter(None, [*notes, self._problem]))

    def table(self) -> LayerTable:
        """The newest figures, one row per layer."""
        self._flush()
        with self._history.still():
            layers, last = layers_in(self._history), self._history.last
        return LayerTable(model=self.name, step=last, layers=layers)

    def history(self, layer: str, statistic: Statistic, quantity: Quantity | None = None) -> Course:
        """One statistic of a layer over time: ``plt.plot(*session.history("fc1", "std"))``.

        Args:
            layer: Its path, or that of one of its parameters, such as ``"fc1.weight"``.
            statistic: Such as ``"std"``. The ``"norm"`` and the ``"ratio"`` of a layer are those
                of the table: of all its parameters together.
            quantity: Of what; by default ``"activation"``, for ``"norm"`` ``"gradient"``, for
                ``"ratio"`` ``"update"``, and for a parameter ``"gradient"``.

        Raises:
            InputError: There is no such layer, statistic or quantity.
        """
        self._flush()
        with self._history.still():
            past = self._history
            return course_of(past.rows, past.steps, past.courses(), layer, statistic, quantity)

    def choose(self, pattern: str) -> None:
        """Measure the layers that match, from the next step on; an empty text means all.

        Raises:
            InputError: No layer matches.
        """
        self._names = chosen(pattern, self._watcher.layers)
        self._watcher.choose(self._names)

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""
        self._paused = True
        self._watcher.pause()

    def resume(self) -> None:
        """Measure again."""
        self._paused = False
        self._watcher.resume()

    def update(self, request: WatchRequest, namespace: Mapping[str, object]) -> None:
        """Keep to another request, of the same rate and target.

        Raises:
            InputError: No layer matches.
        """
        if request.layers != self.request.layers:
            self.choose(request.layers)
        self._judging.stop_on = frozenset(request.stop_on)
        if request.loss != self.request.loss:
            self._name_loss(request.loss, namespace)
        self.request = request

    def result(self) -> WatchResult:
        """All that was seen so far, as a value that can be kept."""
        if self._final is not None:
            return self._final
        self._flush()
        return conclude(
            self.name,
            self._kind,
            self._watcher,
            self._history,
            overhead=self.overhead,
            findings=self._found(),
            loss=self.request.loss,
            notes=self.notes,
            ended=self._ended,
        )

    def stop(self, why: str = STOPPED) -> WatchResult:
        """Watch it no longer, and leave the static form where it was shown.

        Ending it again does nothing. To end the training is another matter: ``--stop-on`` does
        that, and an interrupt.

        Args:
            why: A word on the reason, for the result.
        """
        with self._ending:
            if not self._ended:
                self._ended = why
                self._end()
        return self.result()

    def show(self) -> None:
        """Show it where the present cell has its output."""
        self._showing.show()

    def close_view(self, *, take_away: bool) -> None:
        """End the live view before the session ends.

        Args:
            take_away: Leave nothing, as the result is shown elsewhere.
        """
        self._showing.end(take_away=take_away)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.stop()
        return self.has_raised(error)

    def has_raised(self, error: BaseException | None) -> bool:
        """Whether this is the end that it has put to the training.

        A library may have put it into words of its own, as an exit of the program.
        """
        while isinstance(error, KeyboardInterrupt | SystemExit):
            if isinstance(error, TrainingStopped) and error.message == self._listening.stopped:
                return True
            error = error.__context__
        return False

    def _ipython_display_(self) -> None:
        self.show()

    def __repr__(self) -> str:
        if self._ended:
            return f"<{self.name} is no longer watched: {self._ended}; .result() is what was seen>"
        so_far = f"{self.name} is watched, {self.steps} steps so far"
        return f"<{so_far}; %unwatch {self.name}, or .result(), shows what was seen>"

    def _new_wish(self) -> StopWish:
        return StopWish()

    def _new_judging(self, request: WatchRequest) -> Judging:
        return Judging(self.wish, request.stop_on, self._watcher.framework)

    def _name_loss(self, name: str, namespace: Mapping[str, object]) -> None:
        self._listening.loss = NamedLoss(name, namespace) if name else None

    def _spare(self) -> None:
        """Take the gradients away: an optimiser leaves alone what has none."""
        clear = getattr(self.model, "zero_grad", None)
        if clear is not None:
            clear()

    def _begin(self) -> None:
        self._watcher.choose(self._names)
        self._watcher.begin(self._listening)

    def _work(self) -> bool:
        """What the flusher does; whether more is under way."""
        before = self._history.samples
        try:
            self._take(wait=False)
        except Exception as error:  # the training must not suffer
            self._problem = f"dlmagic failed to note a sample ({type(error).__name__}: {error})."
            return False
        self._idle = 0 if self._history.samples > before else self._idle + 1
        awaited = self._watcher.overhead().sampled > self._history.samples
        return awaited and self._idle < _MOST_IDLE

    def _flush(self) -> None:
        """Have all that was measured taken: none of it is lost where the user interrupts that."""
        uninterrupted(partial(self._take, wait=True), THREAD)

    def _take(self, *, wait: bool) -> None:
        """Take what has arrived; the one place that does."""
        with self._flushing:
            if self._final is not None:
                return
            samples, losses = self._watcher.take(wait=wait), self._watcher.losses()
            self._history.add(samples)
            self._history.add_losses(losses)
            for sample in samples:
                self._judging.look(sample)
            for step, loss in losses:
                self._judging.look_at_loss(self.request.loss, step, loss)
            self._export(samples, losses)
            self._showing.tell(samples, losses, self._judging.findings)

    def _export(self, samples: list[Sample], losses: list[tuple[int, float]]) -> None:
        if self._exporter is None:
            return
        for sample in samples:
            self._exporter.write(sample)
        for step, loss in losses:
            self._exporter.write_loss(step, loss)

    def _end(self) -> None:
        """Each step, also where one before it fails or is interrupted."""
        with ExitStack() as steps:
            steps.callback(self._tell_end, self)
            steps.callback(self._showing.end)
            steps.callback(self._conclude)
            if self._exporter is not None:
                steps.callback(self._exporter.close)
            steps.callback(self._flusher.stop)
            steps.callback(self._watcher.end)
            self._flush()

    def _conclude(self) -> None:
        self._flush()
        self._judging.conclude()
        self._final = self.result()
