"""Messages of other versions of PyTorch: the text only leads to the rule, the operands decide."""

from __future__ import annotations

import pytest

from dlmagic.magics.tensors.explain.engine import explain
from tests.magics.tensors.explain.explained import Case, name_of_cell, raised

SETUP = """
import torch
import torch.nn as nn
import torch.nn.functional as F
rows, wrong, whole = torch.ones(3, 4), torch.ones(5, 4), torch.ones(3, 4).long()
fc, far, wide = nn.Linear(4, 2), torch.ones(3, 4, device="meta"), torch.ones(3, 4).double()
fc5, conv, wide_image = nn.Linear(5, 2), nn.Conv2d(1, 8, 3), torch.ones(2, 1, 5, 5).double()
out, y, w = torch.ones(4, 3), torch.tensor([0, 1, 2, 1]), torch.ones(3, requires_grad=True)
norm = nn.BatchNorm1d(3)
"""
SAME_DEVICE = "Expected all tensors to be on the same device, but"
CASES = [
    ("rows @ wrong", "size mismatch, m1: [3 x 4], m2: [5 x 4] at /pytorch/aten", "matmul-shapes"),
    ("rows @ wrong", "mat1 dim 1 must match mat2 dim 0", "matmul-shapes"),
    ("rows @ wrong", "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x4)", "matmul-shapes"),
    ("fc5(rows)", "size mismatch, m1: [3 x 4], m2: [5 x 2] at /pytorch/aten", "layer-features"),
    ("fc5(rows)", "mat1 dim 1 must match mat2 dim 0", "layer-features"),
    ("fc(wide)", "mat1 and mat2 must have the same dtype", "dtype-mismatch"),
    ("fc(wide)", "expected scalar type Double but found Float", "dtype-mismatch"),
    ("fc(wide)", "expected m1 and m2 to have the same dtype, but got: double != float",
     "dtype-mismatch"),
    ("fc(wide)", "Expected object of scalar type Float but got scalar type Double for argument #4",
     "dtype-mismatch"),
    ("conv(wide_image)", ("Input type (torch.DoubleTensor) and weight type (torch.FloatTensor) "
     "should be the same"), "dtype-mismatch"),
    ("rows + far", f"{SAME_DEVICE} found at least two devices, cuda:0 and cpu!", "device-mismatch"),
    ("rows + far", (f"{SAME_DEVICE} got mat1 is on cpu, different from other tensors on cuda:0 "
     "(when checking argument in method wrapper_CUDA_addmm)"), "device-mismatch"),
    ("rows + far", "Tensor for argument #1 'mat1' is on CPU, but expected it to be on GPU",
     "device-mismatch"),
    ("rows + far", "expected device cuda:0 but got device cpu", "device-mismatch"),
    ("F.cross_entropy(out, y.float())", "expected scalar type Long but found Float",
     "target-dtype"),
    ("F.cross_entropy(out, y.float())",
     "Expected object of scalar type Long but got scalar type Float for argument #2 'target'",
     "target-dtype"),
    ("F.cross_entropy(out, y.int())", "\"nll_loss_out_frame\" not implemented for 'Int'",
     "target-dtype"),
    ("F.cross_entropy(out, y[:, None])", "1D target tensor expected, multi-target not supported",
     "class-targets"),
    ("F.cross_entropy(out, y[:, None])", "multi-target not supported at /pytorch/aten",
     "class-targets"),
    ("conv(out)", ("Expected 4-dimensional input for 4-dimensional weight [8, 1, 3, 3], but got "
     "2-dimensional input of size [4, 3] instead"), "channels"),
    ("whole.mean()", "Can only calculate the mean of floating types. Got Long instead.",
     "whole-numbers"),
    ("whole.mean()", ("mean(): input dtype should be either floating point or complex dtypes. Got "
     "Long instead."), "whole-numbers"),
    ("w.numpy()", ("Can't call numpy() on Variable that requires grad. Use var.detach().numpy() "
     "instead."), "numpy-of-tensor"),
    ("far.numpy()", "can't convert CUDA tensor to numpy. Use Tensor.cpu() to copy the tensor",
     "numpy-of-tensor"),
    ("rows.t().view(12)", ("view size is not compatible with input tensor's size and stride (at "
     "least one dimension spans across two contiguous subspaces). Call .contiguous() before "
     ".view()."), "view-order"),
    ("torch.cat([rows, y[None].float(), out], 1)", ("torch.cat(): Sizes of tensors must match "
     "except in dimension 1. Got 3 and 1 in dimension 0"), "joined-sizes"),
    ("w.add_(1)", "a leaf Variable that requires grad has been used in an in-place operation.",
     "leaf-in-place"),
    ("norm(out[:1])", "Expected more than 1 value per channel when training, got input size [1, 3]",
     "batch-of-one"),
    ("rows.sum().backward()", ("element 0 of variables does not require grad and does not have a "
     "grad_fn"), "no-gradient"),
    ("torch.load('no file')", ("Attempting to deserialize object on a CUDA device but "
     "torch.cuda.is_available() is False."), "map-location"),
    ("rows @ wrong", ("Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback "
     "(most recent call last):\n  File \"a.py\", line 3, in b\nRuntimeError: stack expects each "
     "tensor to be equal size, but got [3] at entry 0 and [4] at entry 1\n"), "in-worker"),
    ("rows @ wrong", "CUDA error: device-side assert triggered", "device-assert"),
    ("rows @ wrong", ("CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 7.79 GiB total "
     "capacity; 5.61 GiB already allocated)"), "out-of-memory"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "text", "kind"), CASES)
def test_the_text_leads_to_the_rule(cell: str, text: str, kind: str) -> None:
    assert _kind(cell, text) == kind


UNCONFIRMED = [
    ("rows @ 5", "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x4)"),
    ("fc(rows) + unknown", "mat1 and mat2 must have the same dtype, but got Double and Float"),
    ("rows + 'a'", f"{SAME_DEVICE} found at least two devices, cuda:0 and cpu!"),
    ("F.cross_entropy(out, y, 7)", "Target 3 is out of bounds."),
    ("F.cross_entropy(out, y, 7)", "expected scalar type Long but found Float"),
    ("rows.view('a')", "shape '[5]' is invalid for input of size 12"),
    ("rows.view('a')", "view size is not compatible with input tensor's size and stride"),
    ("rows[None].nothing", "index out of range in self"),
    ("out.sum(9)", "grad can be implicitly created only for scalar outputs"),
    ("rows.numpy(1, 2)", "Can't call numpy() on Tensor that requires grad."),
    (
        "w.sum().backward(3)",
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    ("torch.cat([rows, rows], 9)", "Sizes of tensors must match except in dimension 0."),
    ("fc.load_state_dict(5)", "Error(s) in loading state_dict for Linear"),
]


@pytest.mark.parametrize(("cell", "text"), UNCONFIRMED)
def test_what_the_operands_do_not_confirm_is_not_said(cell: str, text: str) -> None:
    found = _kind(cell, text)
    assert found is None


def _kind(cell: str, text: str) -> str | None:
    """The finding for an error of this cell that says something else."""
    error, _ = raised(Case(SETUP, cell, None))
    said = RuntimeError(text).with_traceback(error.__traceback__)
    found = explain(said, name_of_cell)
    return found.finding.kind if found is not None and found.finding is not None else None
