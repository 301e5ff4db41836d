from __future__ import annotations

from dlmagic.frameworks.entries import PYTORCH, Entry, where_none_is_installed

ABSENT = Entry("Absent", "framework_that_nobody_has", (), "")
GONE = Entry("Gone", "another_that_nobody_has", (), "")


def test_what_to_do_is_said_only_where_none_is_installed() -> None:
    assert where_none_is_installed(ABSENT, PYTORCH) == ""
    assert where_none_is_installed(ABSENT, GONE) == (
        "Neither Absent nor Gone is installed."
        " Install one, such as: pip install framework_that_nobody_has"
    )
