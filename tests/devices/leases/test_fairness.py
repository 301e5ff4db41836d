"""What is kept for whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlmagic.devices.leases.fairness import kept
from dlmagic.devices.leases.label import Label, Ticket
from dlmagic.devices.leases.look import Queued
from dlmagic.devices.leases.values import Claim, Waiter, Wish

A, B, C, D = (Claim(f"GPU-{letter}") for letter in "abcd")
ALL = (A, B, C, D)


def queued(number: int, count: int, *claims: Claim, declined: tuple[str, ...] = ()) -> Queued:
    label = Label(number, number, "ann", "train.ipynb", 0.0)
    wish = Wish(count, claims)
    waiter = Waiter(pid=number, user="ann", program="train.ipynb", since=0.0, wish=wish)
    return Queued((number, ""), Ticket(label, number, wish, declined), waiter)


def for_whom(free: tuple[Claim, ...], *queue: Queued) -> dict[str, object]:
    return {uuid[-1]: waiter.pid for uuid, waiter in kept(free, queue).items()}


def test_without_waiters_nothing_is_kept() -> None:
    assert for_whom(ALL) == {}


def test_a_large_wish_gathers_what_becomes_free() -> None:
    assert for_whom((A, B, C), queued(1, 4, *ALL), queued(2, 1, *ALL)) == dict.fromkeys("abc", 1)


def test_what_a_wish_leaves_is_for_the_next() -> None:
    assert for_whom(ALL, queued(1, 2, *ALL), queued(2, 1, *ALL)) == {"a": 1, "b": 1, "c": 2}


def test_who_wants_others_is_not_held_up() -> None:
    assert for_whom((A, C), queued(1, 2, A, B), queued(2, 1, C, D)) == {"a": 1, "c": 2}


def test_what_does_not_suit_at_present_is_not_kept() -> None:
    picky = queued(1, 1, A, B, declined=(A.uuid,))
    assert for_whom((A,), picky) == {}
    assert for_whom((A, B), picky) == {"b": 1}


def test_who_cannot_be_understood_keeps_nothing() -> None:
    somebody = queued(1, 4, *ALL)
    assert for_whom(ALL, Queued(somebody.order, None, somebody.waiter)) == {}


def test_a_part_is_kept_with_the_whole_and_the_whole_with_a_part() -> None:
    whole, part, other = Claim("GPU-w"), Claim("MIG-p", "GPU-w"), Claim("MIG-q", "GPU-w")
    assert for_whom((whole, part, other), queued(1, 1, whole)) == dict.fromkeys("wpq", 1)
    assert for_whom((whole, part, other), queued(1, 1, part)) == dict.fromkeys("wp", 1)


WISHES = st.lists(
    st.tuples(st.integers(1, 4), st.lists(st.sampled_from(ALL), unique=True)), max_size=5
)


@given(st.lists(st.sampled_from(ALL), unique=True), WISHES)
def test_the_first_who_can_be_served_is_not_kept_waiting_by_later_ones(free, wishes) -> None:
    queue = [queued(number, count, *claims) for number, (count, claims) in enumerate(wishes, 1)]
    alone = kept(tuple(free), queue[:1])
    together = kept(tuple(free), queue)
    assert {uuid: together[uuid] for uuid in alone} == alone
    for each in queue:
        own = [uuid for uuid, waiter in together.items() if waiter is each.waiter]
        assert len(own) <= each.ticket.wish.count
        assert set(own) <= {claim.uuid for claim in each.ticket.wish.claims}
