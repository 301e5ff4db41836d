"""What others write is read with care."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.devices.leases.label import (
    Ticket,
    as_label,
    as_ticket,
    own_label,
    printable,
    this_program,
    user_name,
    written,
)
from dlmagic.devices.leases.values import Claim, Wish

MINE = own_label("train.ipynb", 1.5)
TICKET = Ticket(MINE, 3, Wish(2, (Claim("GPU-a"), Claim("MIG-b", "GPU-c"))), ("GPU-a",))


def test_what_was_written_is_read() -> None:
    assert as_label(written(MINE)) == MINE
    assert as_ticket(written(TICKET)) == TICKET


def test_a_shorter_label_over_a_longer_one_is_read() -> None:
    assert as_label(written(MINE) + b'left over"}\n') == MINE


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(written(MINE)), **fields}).encode() + b"\n"


WRONG = {
    "nothing": b"",
    "no end of line": written(MINE).rstrip(),
    "not JSON": b"ann\n",
    "not UTF-8": changed(user="ann").replace(b"ann", b"\xff\xfe"),
    "not a number": changed().replace(b"1.5", b"NaN"),
    "beyond all numbers": changed().replace(b"1.5", b"1e999"),
    "not a dict": b"[]\n",
    "a field more": changed(command="rm -rf /"),
    "a field less": b'{"pid": 1}\n',
    "a list as a name": changed(user=["ann"]),
    "a negative process": changed(pid=-1),
    "no whole number": changed(pid=1.5),
    "true for a number": changed(pid=True),
    "before all time": changed(since=-1.0),
    "nested beyond bounds": b"[" * 4000 + b"]" * 4000 + b"\n",
    "digits without end": b'{"pid": ' + b"1" * 4000 + b"}\n",
    "longer than a label": changed(user="a" * 5000),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_nobody(content: bytes) -> None:
    assert as_label(content) is None
    assert as_ticket(content) is None


@given(st.binary(max_size=200))
def test_whatever_is_written_raises_nothing(content: bytes) -> None:
    assert as_label(content + b"\n") is None
    assert as_ticket(content + b"\n") is None


@pytest.mark.parametrize("numbers", [{"number": -1}, {"number": 2**70}, {"number": 1.0}])
def test_a_place_out_of_all_order_is_none(numbers) -> None:
    content = json.dumps({**json.loads(written(TICKET)), **numbers}).encode() + b"\n"
    assert as_ticket(content) is None


def test_names_are_short_and_can_be_printed() -> None:
    assert printable("a\x1b[31m\nb\u202ec\u2028") == "a[31mbc"
    assert len(printable("a" * 1000)) == 120
    assert own_label("\x1b[2Jx", 1.0).program == "[2Jx"


def test_the_name_of_the_notebook_is_told_where_it_is_known(monkeypatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ann/deep learning/train.ipynb")
    assert this_program() == "train.ipynb"
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.setattr("sys.argv", ["/usr/lib/ipykernel_launcher.py", "-f", "kernel.json"])
    assert this_program() == "a notebook"
    monkeypatch.setattr("sys.argv", ["/home/ann/train.py"])
    assert this_program() == "train.py"


def test_a_user_without_a_name_has_a_number() -> None:
    assert user_name(0) == "root"
    assert user_name(4_000_000) == "user 4000000"
