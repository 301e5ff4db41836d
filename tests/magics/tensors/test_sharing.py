"""Memory that tensors share is found and counted once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlmagic.frameworks.description import Allocation
from dlmagic.magics.tensors.sharing import shared


def at(start: int, end: int, device: str = "cpu") -> list[Allocation]:
    return [Allocation(device, start, end)]


def test_what_overlaps_shares() -> None:
    others, total = shared([at(0, 10), at(5, 20), at(20, 30), at(0, 10, "cuda:0")])
    assert others == [[1], [0], [], []]
    assert total == 20 + 10 + 10


def test_a_module_shares_with_each_of_its_parts() -> None:
    model = [*at(0, 10), *at(50, 60)]
    others, total = shared([at(50, 60), model, at(0, 10)])
    assert others == [[1], [0, 2], [1]]
    assert total == 20


PLACES = st.lists(
    st.builds(
        lambda device, start, size: Allocation(device, start, start + size),
        st.sampled_from(["cpu", "cuda:0"]),
        st.integers(0, 40),
        st.integers(1, 6),
    ),
    max_size=3,
)


@given(st.lists(PLACES, max_size=8))
def test_it_is_what_a_look_at_every_byte_says(memories: list[list[Allocation]]) -> None:
    sets = [{(p.device, k) for p in places for k in range(p.start, p.end)} for places in memories]
    others, total = shared(memories)
    assert total == len(set().union(*sets)) if sets else total == 0
    for mine, found in zip(sets, others, strict=True):
        touching = {k for k, other in enumerate(sets) if other is not mine and mine & other}
        assert touching <= set(found)  # a chain of overlaps is one piece of memory
