"""Trainings that are driven by libraries."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest
import torch
from torch import nn

from tests.magics.watch.torch.training import agree, has_row, row, watching

BATCH = torch.randn(64, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("watched", ["module", "network"])
def test_the_trainer_of_lightning(watched, tmp_path):
    lightning = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))

        def training_step(self, batch, _):
            return self.network(batch[0]).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    module = Module()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(BATCH), batch_size=8)
    model = module if watched == "module" else module.network
    with watching(model) as (watcher, listening):
        trainer.fit(module, loader)
        last = watcher.take()[-1]
        assert (watched == "module") == any("not called" in each for each in watcher.notes())
    assert listening.steps == list(range(1, 17))
    first = "network.0" if watched == "module" else "0"
    for quantity in ("activation", "activation-gradient"):
        assert row(last, first, quantity)["total"] == 64
    for quantity in ("gradient", "update"):
        assert row(last, first, quantity, "weight")["norm"] > 0


def test_a_model_of_hugging_face():
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        n_layer=2, n_head=2, n_embd=16, vocab_size=50, n_positions=12, n_inner=32
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = transformers.GPT2LMHeadModel(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    tokens = torch.randint(0, 50, (4, 12))
    with watching(model, exact=True) as (watcher, listening):
        for _ in range(2):
            optimizer.zero_grad()
            output = model(input_ids=tokens, labels=tokens)
            output.loss.backward()
            optimizer.step()
        sample = watcher.take()[-1]
        silent = {each.layer for each in watcher.silent()}
    assert listening.steps == [1, 2]
    assert not listening.culprits
    agree(row(sample, "lm_head", "activation"), output.logits)
    tied = row(sample, "transformer.wte", "gradient", "weight")
    assert sample.rows[tied["index"]].also == ("lm_head.weight",)
    assert has_row(sample, "transformer.h.1.mlp.c_fc", "activation-gradient")
    assert "transformer.h" in silent


@pytest.mark.filterwarnings("ignore")
def test_the_trainer_of_hugging_face_with_gradients_of_two_batches_a_step(tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    config = transformers.GPT2Config(
        n_layer=1, n_head=2, n_embd=16, vocab_size=50, n_positions=12, n_inner=32
    )
    model = transformers.GPT2LMHeadModel(config)
    texts = [{"input_ids": each, "labels": each} for each in torch.randint(50, (64, 12))]
    arguments = transformers.TrainingArguments(
        tmp_path,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        max_steps=6,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    with watching(model, exact=True) as (watcher, listening):
        transformers.Trainer(model, arguments, train_dataset=texts).train()
        sample = watcher.take()[-1]
    assert listening.steps == [1, 2, 3, 4, 5, 6]
    assert not listening.culprits
    layer = "transformer.h.0.mlp.c_fc"
    assert row(sample, layer, "activation")["total"] == 8 * 12 * 32
    assert row(sample, layer, "activation-gradient")["norm"] > 0
    for quantity in ("gradient", "update"):
        assert row(sample, layer, quantity, "weight")["norm"] > 0


TWO_PROCESSES = """
import os, sys, torch
import torch.distributed as dist, torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from tests.magics.watch.torch.training import row, step, watching

def work(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.set_num_threads(1)
    for which in ("wrapped", "inner"):
        train(rank, which)
    dist.barrier()  # who leaves first ends what the other still needs
    dist.destroy_process_group()
    os._exit(0)  # gloo's threads outlive their group and at times abort an interpreter that ends

def train(rank, which):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(parallel.parameters(), 0.1)
    batch = torch.full((4, 6), float(rank + 1))
    with watching(model if which == "inner" else parallel, exact=True) as (watcher, listening):
        for _ in range(3):
            step(parallel, optimizer, batch)
        samples = watcher.take()
    assert listening.steps == [1, 2, 3], which
    found = row(samples[-1], "0", "gradient", "weight")
    assert abs(found["norm"] - model[0].weight.grad.norm().item()) < 1e-6, (which, found)
    assert row(samples[-1], "0", "activation")["total"] == 32, which
    norms = [None, None]
    dist.all_gather_object(norms, found["norm"])
    assert norms[0] == norms[1], (which, norms)
    if rank == 0:
        print(which, flush=True)

if __name__ == "__main__":
    mp.spawn(work, (sys.argv[1],), nprocs=2)
"""


def test_two_processes_of_data_parallel_training(tmp_path):
    """The wrapped model is watched, then the one inside: to start two processes takes seconds."""
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**__import__("os").environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["wrapped", "inner"]
