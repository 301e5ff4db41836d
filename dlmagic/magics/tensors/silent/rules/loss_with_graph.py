"""Losses that are summed up or collected with the graph of every step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event
from dlmagic.magics.tensors.silent.graphs import Graphs, Sum
from dlmagic.magics.tensors.silent.keeping import (
    is_used_for_gradients,
    kept_at,
    sum_at,
    with_number,
)
from dlmagic.magics.tensors.silent.rewriting import is_whole_line
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

Numbers = Sequence[frozenset[int]]


class Rule(Listening):
    """What is kept in a loop with backward passes, while no gradient is taken of all together."""

    kind = "loss-with-graph"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._graphs = Graphs()

    def hear(self, event: Event) -> None:
        """Backward passes, and sums that have a graph."""
        self._graphs.hear(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Running sums, then lists."""
        if self._graphs.count < 2:
            return
        contents = self._graphs.contents()
        if contents is None:
            return
        yield from self._summed(after, contents)
        yield from self._collected(after, contents)

    def _summed(self, after: After, contents: Numbers) -> Iterator[Mistake]:
        for line, sums in self._graphs.sums().items():
            found = sum_at(after.tree, line)
            if found is None or not self._is_kept(sums, contents):
                continue
            statement, name = found
            freed = self._graphs.freed(contents)
            again = any(each.number in freed for one in sums for each in one.added)
            may_follow = not self._graphs.end.complete and not again
            if may_follow and is_used_for_gradients(after.tree, name):
                continue
            yield Mistake(
                f"{name} keeps the graph of every step, and memory grows with each.",
                line=statement.lineno,
                text="Add the number alone.",
                code=with_number(statement, name) if is_whole_line(statement, after.tree) else None,
                operands=(name,),
            )

    def _is_kept(self, sums: Sequence[Sum], contents: Numbers) -> bool:
        """Whether no gradient is taken of two rounds at once, and the sum outlives its round."""
        numbers = {each.before for each in sums} | {each.after for each in sums}
        if any(len(numbers & each) > 1 for each in contents):
            return False
        alive = {each.number for each in self._graphs.end.kept}
        return any(each.between for each in sums) or sums[-1].after in alive

    def _collected(self, after: After, contents: Numbers) -> Iterator[Mistake]:
        by_frame: dict[Frame, set[int]] = defaultdict(set)
        freed = self._graphs.freed(contents)
        for each in self._graphs.end.kept:
            if each.maker is not None and each.maker.frame is not None and each.number in freed:
                by_frame[each.maker.frame].add(each.number)
        told: set[int] = set()
        for frame, numbers in by_frame.items():
            rounds = [numbers & each for each in contents if numbers & each]
            found = kept_at(after.tree, frame.line) if len(set.union(set(), *rounds)) >= 3 else None
            if found is None or any(len(each) > 1 for each in rounds) or found[0].lineno in told:
                continue
            told.add(found[0].lineno)
            yield Mistake(
                "Each loss is kept with its graph, and memory grows with every step.",
                line=found[0].lineno,
                text="Keep the number alone: loss.item().",
                code=found[1] if is_whole_line(found[0], after.tree) else None,
            )
