"""A training that goes on until it is stopped, as the cells of a notebook."""

from __future__ import annotations

LOAD = "%load_ext dlmagic"
BUILD = """import time
import torch
from torch import nn

torch.manual_seed(0)
blocks = [nn.Sequential(nn.Linear(32, 32), nn.Sigmoid()) for _ in range(10)]
net = nn.Sequential(*blocks, nn.Linear(32, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
inputs = torch.randn(64, 32)
wanted = inputs[:, :1].sign()
ended = []"""
TRAIN = """%%watch net --loss loss --every 5
for step in range(100_000):
    loss = nn.functional.mse_loss(net(inputs), wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ended.append(time.time())"""
CALMLY = f"""{TRAIN}
    time.sleep(0.005)"""
"""The same where no time is taken: it leaves the processors to the page."""
