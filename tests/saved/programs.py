"""Two notebooks whose cells make a result of every type: one with a framework, one with GPUs.

Each cell that makes a result is named after the result's type. Whoever adds a type adds a cell.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        code: What it runs.
        makes: Type of the result that it shows; an empty text if none.
        fails: Whether it is meant to fail.
    """

    code: str
    makes: str = ""
    fails: bool = False


FRAMEWORKS = (
    Cell(
        "%load_ext dlmagic\n"
        "%config DLMagic.bench_time = 0.3\n"
        "import numpy as np\n"
        "import torch\n"
        "from torch import nn\n"
        "\n"
        "torch.manual_seed(0)\n"
        'device = torch.device("cpu")\n'
        "net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))\n"
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.01)\n"
        "x, y = torch.randn(16, 4), torch.randn(16, 1)"
    ),
    Cell("%dlmagic", "Overview"),
    Cell("%dlmagic env", "EnvironmentReport"),
    Cell("%dlmagic demo", "Demos"),
    Cell(
        "%%dlbench --memory --flops\n"
        "# --- a comprehension\n"
        "total = sum([n * n for n in range(200)])\n"
        "# --- NumPy <fast>\n"
        "\n"
        "\n"
        "total = int((np.arange(200) ** 2).sum())",
        "BenchResult",
    ),
    Cell(
        "%%dlbench --sweep n=16,64\na = np.ones((n, n)) @ np.ones((n, n))",
        "BenchResult",
    ),
    Cell("%dlbench --selftest --time 4", "SelfTest"),
    Cell("import jax.numpy as jnp\n\nweights = jnp.ones((4, 4))"),
    Cell(
        "%%graphmode\n"
        "h = jnp.maximum(weights @ weights, 0)\n"
        'print("the mean is", h.mean())\n'
        "out = (h * 2).sum()",
        "GraphReport",
    ),
    Cell("%%graphmode -m trace\nout = net(x).sum()", "GraphReport"),
    Cell(
        "%%autograd\nloss = ((net(x) - y) ** 2).mean()",
        "AutogradGraph",
    ),
    Cell("%tensors --values", "TensorTable"),
    Cell(
        "%%tensors --hints\n"
        "for _ in range(3):\n"
        "    loss = nn.functional.mse_loss(net(x), y[:, 0])\n"
        "    loss.backward()\n"
        "    optimizer.step()",
        "SilentMistakes",
    ),
    Cell("x @ torch.ones(5, 2)", fails=True),
    Cell("%explain", "Explanation"),
    Cell("%summary net x", "ModelSummary"),
    Cell(
        "%%watch net --loss loss --every 1\n"
        "for _ in range(30):\n"
        "    optimizer.zero_grad()\n"
        "    loss = ((net(x) - y) ** 2).mean()\n"
        "    loss.backward()\n"
        "    optimizer.step()",
        "WatchResult",
    ),
    Cell("%watch -q -o session net --every 1"),
    Cell("%watch", "WatchList"),
    Cell(
        "for _ in range(3):\n"
        "    optimizer.zero_grad()\n"
        "    ((net(x) - y) ** 2).mean().backward()\n"
        "    optimizer.step()\n"
        "session.table()",
        "LayerTable",
    ),
    Cell("%unwatch net", "WatchResult"),
)
"""On PyTorch, JAX and NumPy."""

GPUS = (
    Cell("%load_ext dlmagic\nimport torch"),
    Cell("%gpus", "GpuReport"),
    Cell("%gpus pick 2", "PickResult"),
    Cell("%gpus release", "ReleaseResult"),
    Cell("%gpus check torch", "DeviceCheck"),
    Cell("%gpus live -q -o watching --every 1"),
    Cell("import time\n\ntime.sleep(2.2)"),
    Cell("%gpus live stop", "GpuHistory"),
    Cell(
        "import ipyparallel\n"
        "\n"
        'cluster = ipyparallel.Cluster(n=2, profile_dir="profile", log_level=40)\n'
        "cluster.start_cluster_sync()  # start_and_connect_sync() would leave a widget\n"
        "client = cluster.connect_client_sync()\n"
        "client.wait_for_engines(2, timeout=60, interactive=False)\n"
        "view = client[:]"
    ),
    Cell("%gpus pick --on view", "RanksPickResult"),
    Cell("%gpus release --on view", "RanksReleaseResult"),
    Cell("client.close()\ncluster.stop_cluster_sync()"),
)
"""On a machine with eight GPUs, which the double of NVIDIA's library plays."""

KEEP = """
import json
from pathlib import Path


def keep(done, made={}):
    shown = done.result
    if shown is not None:  # a handle, too, as it is now: what is given back looks otherwise
        saved = (shown if hasattr(shown, "to_json") else shown.result()).to_json()
        made[done.execution_count] = saved
        Path("results.json").write_text(json.dumps(made))


get_ipython().events.register("post_run_cell", keep)
"""
"""The first cell of both: it saves every result as a user would."""
