"""What may stand behind ``--on``, and what is said about anything else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import ipyparallel
import pytest

from dlmagic.cluster.targets import engines_of
from dlmagic.errors import InputError

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
        ("idle", "idle is a cluster that has not been started. Start one with"),
    ],
)
def test_what_is_no_view_gets_one_line_that_says_what_to_do(name: str, said: str) -> None:
    namespace = {"number": 3, "idle": ipyparallel.Cluster(n=2, log_level=40)}
    if name == "view":
        namespace.pop("idle")
    with pytest.raises(InputError, match=said):
        engines_of(name, namespace)


def test_a_name_that_is_nearly_that_of_a_view_is_put_right(cluster: Any) -> None:
    with pytest.raises(InputError, match=r"no view called veiw. Did you mean view"):
        engines_of("veiw", {"view": cluster.client[:], "other": 1})


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
