"""What may stand behind ``--on``, and what is said about anything else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any
from weakref import WeakKeyDictionary

import ipyparallel
import pytest

from dlmagic.cluster import targets
from dlmagic.cluster.targets import engines_of
from dlmagic.errors import InputError
from tests.cluster.local import signal_to

pytestmark = pytest.mark.xdist_group("cluster")


def test_a_client_a_view_a_cluster_and_a_name_mean_the_same_engines(cluster: Any) -> None:
    cluster.heal()
    client = cluster.client
    means = [client, client[:], client[client.ids], client.broadcast_view(), client.direct_view()]
    assert {engines_of(each).ids for each in means} == {tuple(client.ids)}
    assert engines_of("view", {"view": client[:]}).ids == tuple(client.ids)


def test_a_started_cluster_means_all_its_engines_by_one_client(cluster: Any) -> None:
    cluster.heal()
    first, again = engines_of(cluster.cluster), engines_of("c", {"c": cluster.cluster})
    assert first.ids == tuple(cluster.client.ids)
    assert first.client is again.client
    first.client.close()


def test_the_order_of_a_view_is_that_of_the_ranks(cluster: Any) -> None:
    cluster.heal()
    first, second = cluster.client.ids
    assert engines_of(cluster.client[[second, first]]).ids == (second, first)
    assert engines_of(cluster.client[second]).ids == (second,)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("view", "no view called view, and no cluster is running. Start one with: import ipypar"),
        ("number", "number is not a cluster, client or view, but an int"),
        ("kind", "kind is not a cluster, client or view, but the class Cluster"),
        ("idle", "idle is a cluster that is not running. Start one with"),
    ],
)
def test_what_is_no_view_gets_one_line_that_says_what_to_do(name: str, said: str) -> None:
    idle = ipyparallel.Cluster(n=2, log_level=40)
    namespace = {"number": 3, "kind": ipyparallel.Cluster, "idle": idle}
    if name == "view":
        namespace.pop("idle")
    with pytest.raises(InputError, match=said):
        engines_of(name, namespace)


def test_a_name_that_is_nearly_that_of_a_view_is_put_right(cluster: Any) -> None:
    with pytest.raises(InputError, match=r"no view called veiw. Did you mean view"):
        engines_of("veiw", {"view": cluster.client[:], "other": 1})


@pytest.mark.parametrize("expression", ["view[:]", "client[0]", "self.view"])
def test_an_expression_is_to_be_given_a_name(expression: str, cluster: Any) -> None:
    """Did you mean view? would be other engines than those that were written."""
    with pytest.raises(InputError, match="--on takes a name, not") as caught:
        engines_of(expression, {"view": cluster.client[:]})
    assert f"Write view = {expression} in a cell above, and --on view." in str(caught.value)


def test_a_client_that_has_lost_an_engine_is_not_taken_for_all(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster that is named for the first time then was waited for, and a timeout was raised."""
    monkeypatch.setattr(targets, "_PATIENCE", 1.0)
    monkeypatch.setattr(targets, "_CLIENTS", WeakKeyDictionary())
    cluster.heal()
    client = cluster.client
    signal_to(engines_of(client), 1, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while len(client.ids) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    for each in (client, cluster.cluster):
        with pytest.raises(InputError, match=r"has 1 of 2 engines: .* view = client\[:\]"):
            engines_of(each)
    targets._CLIENTS[cluster.cluster].close()
    assert engines_of(client[:]).ids == tuple(client.ids)
    cluster.heal()
    assert len(engines_of(client).ids) == 2


def test_of_a_closed_client_it_is_said_how_to_connect_again(cluster: Any) -> None:
    cluster.heal()
    another = cluster.cluster.connect_client_sync()
    another.wait_for_engines(2, timeout=60, interactive=False)
    view = another[:]
    another.close()
    with pytest.raises(InputError, match=r"was closed.*view = cluster.connect_client_sync\(\)"):
        engines_of("view", {"view": view})


def test_views_that_cannot_be_used_say_why(cluster: Any) -> None:
    client = cluster.client
    with pytest.raises(InputError, match=r"hands each task to any one engine.*client\[:\]"):
        engines_of("balanced", {"balanced": client.load_balanced_view()})
    with pytest.raises(InputError, match="names is an empty view"):
        engines_of("names", {"names": ipyparallel.DirectView(client, targets=[])})
    with pytest.raises(InputError, match="names engines that have ended: 77"):
        engines_of("names", {"names": ipyparallel.DirectView(client, targets=[77])})


def test_nothing_of_ipyparallel_is_imported_before_a_view_is_named() -> None:
    text = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell(); shell.run_line_magic('load_ext', 'dlmagic');"
        "shell.run_cell_magic('dlbench', '-t 0.05 -q', 'sum(range(10))');"
        "import dlmagic.cluster.targets, dlmagic.cluster;"
        "sys.exit('ipyparallel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False, timeout=60).returncode == 0
