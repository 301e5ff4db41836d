"""A training on two engines, watched in JupyterLab while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.reader import RESULTS, open_notebook, run_cell, show_in
from tests.browser.seen import barriers
from tests.browser.server import Workplace

pytestmark = pytest.mark.browser

CELLS = (
    """%load_ext dlmagic
import ipyparallel as ipp
cluster = ipp.Cluster(n=2)
view = cluster.start_and_connect_sync()[:]
%pxconfig --progress-after -1
from dlmagic.cluster import init_torch
group = init_torch(view)""",
    """%%px
import time
import torch
from torch import nn
torch.set_num_threads(1)
model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
inputs = torch.randn(32, 16)""",
    "%watch model --on view --every 5",
    """%%px
for step in range(2000):
    loss = model(inputs).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    time.sleep(0.01)""",
    "%unwatch model",
    "group.close()\nview.client.shutdown(hub=True)\nprint('all', 'closed')",
)
DRAWN = """() => {
    window.drawn = 0;
    document.addEventListener("dlmagic-drawn", ({detail}) => { window.drawn += !!detail.sent; });
}"""


def test_both_ranks_are_painted_while_they_train(lab: Workplace, page: Any) -> None:
    lab.write("cluster.ipynb", *CELLS)
    open_notebook(page, lab.lab("cluster.ipynb"))
    page.evaluate(DRAWN)
    for number in range(4):
        run_cell(page, number)
    view = page.locator(f"{RESULTS}-live")
    view.locator(".dlm-watch-cost").get_by_text(" measured").wait_for()
    page.wait_for_function("drawn >= 4")
    assert page.locator(".jp-InputPrompt").nth(3).inner_text() == "[*]:"  # it still runs
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        assert not barriers(page, f"{RESULTS}-live")
    view.get_by_role("button", name="Stop").click()
    page.locator(".jp-InputPrompt").get_by_text("[4]:").wait_for()  # and is interrupted
    run_cell(page, 4)
    view.wait_for(state="detached")
    page.locator(RESULTS).get_by_text("on 2 ranks").first.wait_for()
    run_cell(page, 5)
    page.get_by_text("all closed", exact=True).wait_for()
