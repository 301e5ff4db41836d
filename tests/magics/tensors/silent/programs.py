"""Cells with a mistake that raises nothing, and cells that look like one and are right."""

from __future__ import annotations

from dataclasses import dataclass

SETUP = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
x, y = torch.randn(16, 4), torch.randn(16)
labels = torch.randint(0, 3, (16,))
binary = torch.randint(0, 2, (16,)).float()
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
classifier = nn.Linear(4, 3)
dropping = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
of_classifier = torch.optim.SGD(classifier.parameters(), lr=0.01)
of_dropping = torch.optim.SGD(dropping.parameters(), lr=0.01)
"""


@dataclass(frozen=True)
class Program:
    """A cell.

    Attributes:
        kind: The mistake's kind; empty for a cell without one.
        line: The line that must be named.
        text: The cell.
    """

    kind: str
    line: int
    text: str


def training(body: str, optimizer: str = "optimizer", times: int = 3) -> str:
    """A loop of some steps that clear their gradients."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"for _ in range({times}):\n    {optimizer}.zero_grad()\n{lines}\n    {optimizer}.step()"


FAULTY = (
    Program("stretched-target", 1, "loss = F.mse_loss(net(x), y)"),
    Program("stretched-target", 2, "p = net(x)\nloss = ((p - y) ** 2).mean()\nloss.backward()"),
    Program("stretched-target", 2, "p = net(x)\nloss = (y - p).abs().mean()"),
    Program("stretched-target", 1, "accuracy = (net(x).sign() == y).float().mean()"),
    Program("stretched-target", 3, training("loss = nn.MSELoss()(net(x), y)\nloss.backward()")),
    Program("softmax-before-loss", 1, "loss = F.cross_entropy(classifier(x).softmax(1), labels)"),
    Program(
        "softmax-before-loss",
        1,
        "p = torch.softmax(classifier(x), dim=-1)\nF.cross_entropy(p, labels)",
    ),
    Program(
        "softmax-before-loss",
        1,
        "p = F.softmax(classifier(x), 1).view(-1, 3)\nloss = nn.CrossEntropyLoss()(p, labels)",
    ),
    Program(
        "softmax-before-loss",
        1,
        "p = net(x).sigmoid().squeeze(1)\nF.binary_cross_entropy_with_logits(p, binary)",
    ),
    Program("softmax-of-one", 1, "p = F.softmax(net(x), dim=1)"),
    Program("softmax-of-one", 1, "p = net(x).log_softmax(-1)\nloss = p.mean()"),
    Program(
        "gradients-not-cleared",
        4,
        (
            "for _ in range(4):\n"
            "    loss = net(x).pow(2).mean()\n"
            "    loss.backward()\n"
            "    optimizer.step()"
        ),
    ),
    Program(
        "step-without-gradients",
        5,
        (
            "net = nn.Linear(4, 1)\n"
            "for _ in range(2):\n"
            "    loss = net(x).pow(2).mean()\n"
            "    loss.backward()\n"
            "    optimizer.step()"
        ),
    ),
    Program(
        "training-in-eval",
        6,
        "dropping.eval()\n"
        + training("loss = dropping(x).pow(2).mean()\nloss.backward()", "of_dropping"),
    ),
    Program(
        "loss-with-graph",
        6,
        "total = 0.0\n" + training("loss = net(x).pow(2).mean()\nloss.backward()\ntotal += loss"),
    ),
    Program("result-thrown-away", 1, "x.double()\nz = x * 2"),
    Program("result-thrown-away", 3, "z = x * 2\nz.requires_grad_().detach()\nz.squeeze(0)\nw = z"),
    Program(
        "first-nan", 2, "p = net(x)\nq = (p - p.max() - 1).log()\nloss = q.mean()\nloss.backward()"
    ),
    Program(
        "untrained-parameters",
        6,
        "head = nn.Linear(1, 1)\n" + training("loss = head(net(x)).pow(2).mean()\nloss.backward()"),
    ),
    Program(
        "untrained-parameters",
        14,
        "class Deep(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.first = nn.Linear(4, 4)\n"
        "        self.layers = [nn.Linear(4, 1)]\n"
        "    def forward(self, x):\n"
        "        return self.layers[0](self.first(x))\n"
        "deep = Deep()\n"
        "of_deep = torch.optim.SGD(deep.parameters(), lr=0.1)\n"
        + training("loss = deep(x).pow(2).mean()\nloss.backward()", "of_deep"),
    ),
)
CLEAN = (
    "loss = F.mse_loss(net(x).squeeze(1), y)",
    "loss = F.mse_loss(net(x), y[:, None])\nloss.backward()",
    "distances = (x[:, None, 0] - x[None, :, 0]).pow(2).mean()",
    "centred = x - x.mean(0)\nvariance = centred.pow(2).mean()",
    "a, b = x[:, :1], x[:, 0]\ngram = a * b",
    "loss = F.cross_entropy(classifier(x), labels)",
    "loss = F.cross_entropy(classifier(x).log_softmax(1), labels)",
    "loss = F.nll_loss(classifier(x).log_softmax(1), labels)",
    "teacher = classifier(x).softmax(1).detach()\nloss = F.cross_entropy(classifier(x), teacher)",
    "loss = F.binary_cross_entropy(net(x).sigmoid().squeeze(1), binary)",
    "attention = F.softmax(x @ x.T, dim=-1) @ x",
    "one = F.softmax(x[:1], dim=0)",
    "p = classifier(x).softmax(1)\npredicted = p.argmax(1)",
    training("loss = net(x).pow(2).mean()\nloss.backward()"),
    (
        "for k in range(8):\n"
        "    (net(x).pow(2).mean() / 4).backward()\n"
        "    if k % 4 == 3:\n"
        "        optimizer.step()\n"
        "        optimizer.zero_grad()"
    ),
    (
        "for _ in range(4):\n"
        "    for p in net.parameters():\n"
        "        p.grad = None\n"
        "    net(x).pow(2).mean().backward()\n"
        "    optimizer.step()"
    ),
    (
        "for _ in range(4):\n"
        "    optimizer.zero_grad(set_to_none=False)\n"
        "    net(x).pow(2).mean().backward()\n"
        "    optimizer.step()"
    ),
    "for _ in range(4):\n    optimizer.step()",
    "net.eval()\n" + training("loss = net(x).pow(2).mean()\nloss.backward()"),
    "dropping.eval()\nwith torch.no_grad():\n    p = dropping(x)",
    "dropping[1].eval()\n"
    + training("loss = dropping(x).pow(2).mean()\nloss.backward()", "of_dropping"),
    "total = 0.0\n"
    + training("loss = net(x).pow(2).mean()\nloss.backward()\ntotal += loss.item()"),
    "total = 0.0\n"
    + training("loss = net(x).pow(2).mean()\nloss.backward()\ntotal += loss.detach()"),
    training("loss = 0.0\nfor row in x:\n    loss += net(row).mean()\nloss.backward()"),
    "net.double()\nnet.float()\nz = 1",
    "z = x.double()\nx.mul_(2)\nx.requires_grad_()\nw = 1",
    "x.double()",
    (
        "mask = torch.full((4, 4), float('-inf')).triu(1)\n"
        "loss = (x @ x.T)[:4, :4].add(mask).softmax(-1).sum()"
    ),
    "missing = torch.tensor([1.0, float('nan')])\nloss = net(x).mean()\nloss.backward()",
    "old = net\nteacher = nn.Linear(4, 1)\nteacher.eval()\n"
    + training("loss = F.mse_loss(net(x), teacher(x).detach())\nloss.backward()"),
    (
        "discriminator = nn.Linear(1, 1)\n"
        "d = torch.optim.SGD(discriminator.parameters(), lr=0.1)\n"
        "for _ in range(4):\n"
        "    d.zero_grad()\n"
        "    discriminator(net(x).detach()).mean().backward()\n"
        "    d.step()\n"
        "    optimizer.zero_grad()\n"
        "    discriminator(net(x)).mean().backward()\n"
        "    optimizer.step()"
    ),
    "for p in net[0].parameters():\n    p.requires_grad_(False)\n"
    + training("loss = net(x).pow(2).mean()\nloss.backward()"),
    "x.double()  # dlmagic: ok\nz = 1",
)
