"""Layers outside of what PyTorch registers, and the line that keeps them there."""

from __future__ import annotations

import textwrap

import pytest
import torch
from torch import nn

from dlmagic.cell.source import register_text
from dlmagic.frameworks.torch.unregistered import unregistered


def found(body, **more):
    """What is found in ``net``, whose class is defined in a cell with a magic of its own."""
    text = "%%time\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    text += textwrap.indent(body, " " * 8)
    names = {"nn": nn, "torch": torch, "__name__": "__main__", **more}
    exec(compile(text.replace("%%time", ""), register_text(text), "exec"), names)
    return unregistered({"net": names["Net"](), **more})


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("self.a = [nn.Linear(1, 1)]", "list", "self.a = nn.ModuleList([nn.Linear(1, 1)])"),
        ("self.a = ()\nself.a += (nn.Linear(1, 1),)", "tuple", "self.a = nn.ModuleList()"),
        ("self.a, self.b = {'k': nn.Linear(1, 1)}, 1", "dict", None),
        (
            "self.a = torch.ones(2).requires_grad_()",
            "tensor",
            "self.a = nn.Parameter(torch.ones(2))",
        ),
        (
            "self.a = [\n    nn.Linear(1, 1),\n]",
            "list",
            None,  # a line cannot take the place of three
        ),
    ],
)
def test_what_is_kept_is_told_with_its_line_and_what_that_should_be(body, kind, code):
    (one,) = found(body)
    assert (one.module, one.attribute, one.kind, one.code) == ("net", "a", kind, code)
    assert one.frame is not None
    assert one.frame.line == 5


@pytest.mark.parametrize(
    "body",
    [
        "self.a = nn.ModuleList([nn.Linear(1, 1)])",
        "self.a = [nn.ReLU(), nn.MSELoss()]",
        "self.a = [nn.Linear(1, 1).requires_grad_(False)]",
        "self.b = nn.Linear(1, 1)\nself.a = [self.b, self.b]",
        "self.a = torch.ones(2)",
        "self.a = []\nself.a.append(torch.ones(1).requires_grad_())",
    ],
)
def test_what_is_registered_or_not_trained_is_not(body):
    assert found(body) == ()


def test_classes_of_packages_are_left_alone():
    layer = nn.TransformerEncoderLayer(2, 1)
    layer.extra = [nn.Linear(1, 1)]
    assert unregistered({"layer": layer}) == ()
