"""What is asked of engines before the first work, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dlmagic.cluster.checking import Facts, facts_here, require_alike
from dlmagic.cluster.engines import Engines
from dlmagic.errors import InputError

pytestmark = pytest.mark.xdist_group("cluster")


def test_engines_say_what_they_are(engines: Engines) -> None:
    engines.check(["numpy", "no-such-package"])
    here = facts_here(["numpy", "no-such-package"])
    for facts in engines.facts:
        assert (facts.python, facts.dlmagic, facts.packages) == (
            sys.version_info[:3],
            here.dlmagic,
            here.packages,
        )
        assert facts.host == here.host
    assert engines.facts[0].process != engines.facts[1].process
    assert here.packages["no-such-package"] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"python": (3, 9, 1)}, r"On rank 1 Python 3.9 runs; here it is 3\.\d+.*Start the engines"),
        ({"dlmagic": None}, "On rank 1 dlmagic is not installed.*pip install dlmagic==0"),
        ({"dlmagic": "0.0.9"}, "On rank 1 dlmagic 0.0.9 is installed; here it is 0.1"),
        ({"packages": {"numpy": "1.2"}}, r"On rank 1 numpy 1.2 is installed.*pip install numpy==2"),
        ({"packages": {"numpy": None}}, r"On rank 1 numpy is not installed; here it is 2"),
    ],
)
def test_an_engine_that_is_other_is_refused_with_its_rank(
    engines: Engines, change: dict[str, Any], said: str
) -> None:
    """What the second engine says is changed on its way."""

    def ask(client: Any, ids: tuple[int, ...], packages: Sequence[str]) -> list[Facts]:
        first, second = engines.ask(client, ids, packages)
        return [first, replace(second, **change)]

    altered = Engines(engines.client, engines.ids, ask)
    with pytest.raises(InputError, match=said):
        altered.check(["numpy"])


def test_many_ranks_are_counted_and_not_listed() -> None:
    here = facts_here([])
    others = [replace(here, dlmagic="0.0.1")] * 9
    with pytest.raises(InputError, match=r"On ranks 1, 2, 3 and 6 more dlmagic 0.0.1"):
        require_alike(here, [here, *others])


def test_a_later_release_of_the_same_python_is_no_reason_to_refuse() -> None:
    here = facts_here([])
    require_alike(here, [replace(here, python=(*here.python[:2], 99))])
