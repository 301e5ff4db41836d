"""PyTorch's settings in another process."""

from __future__ import annotations

import pickle

import torch

from dlmagic.frameworks.torch import portable
from dlmagic.frameworks.torch.ambient import save_settings


def test_settings_of_another_process_are_taken_over() -> None:
    before = list(save_settings())
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(3)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    told = pickle.loads(pickle.dumps(portable.settings()))
    for item in before:
        item.restore()
    assert portable.settings() != told
    try:
        portable.take_over(told)
        assert portable.settings() == told
        assert torch.get_num_threads() == 3
    finally:
        for item in before:
            item.restore()


def test_a_setting_that_a_later_version_lacks_is_left_alone() -> None:
    before = portable.settings()
    portable.take_over({"a setting of another version": 1})
    assert portable.settings() == before


def test_a_compiled_function_stays_and_a_compiled_module_goes() -> None:
    def double(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    assert portable.stays_here(double) is None
    assert "torch.compile" in (portable.stays_here(torch.compile(double, backend="eager")) or "")
    assert portable.stays_here(torch.compile(torch.nn.ReLU(), backend="eager")) is None


def test_a_graph_stays_where_it_is() -> None:
    leaf = torch.ones(2, requires_grad=True)
    assert portable.stays_here(leaf) is None
    assert portable.stays_here(leaf.detach() * 2) is None
    assert "graph" in (portable.stays_here(leaf * 2) or "")
    assert portable.stays_here("text") is None
