"""Mistakes of the first weeks with PyTorch: unequal sizes, masks, states, files, long texts."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.magics.tensors.explain.explained import (
    SETUP_CELL,
    Case,
    check,
    explained,
    raised,
)

SETUP = """
import torch
import torch.nn as nn
import torch.nn.functional as F
x, series = torch.ones(4, 7, 5), torch.ones(4, 16, 10)
net = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
net(torch.ones(2, 3)).sum().backward()
tagger = nn.Sequential(nn.LSTM(5, 8, batch_first=True), nn.Dropout(0.1), nn.Linear(8, 2))
reader = nn.Sequential(nn.Linear(5, 5), nn.GRU(5, 4, 1, True, True), nn.Flatten())
deep = nn.Sequential(nn.LSTM(5, 8), nn.LSTM(8, 8))
norm = nn.LayerNorm(16)
wide = nn.LayerNorm(20)
planes = nn.LayerNorm([16, 28, 28])
chain = nn.Sequential(nn.Conv1d(3, 16, 3), nn.LayerNorm(16))
sentences, one, two = [[4, 5, 6], [7, 8], [9]], torch.ones(3), torch.ones(2)
rows, texts = [torch.ones(2), torch.zeros(2)], [torch.ones(3, 8), torch.ones(5, 8)]
grey = [torch.ones(1, 4, 4), torch.ones(3, 4, 4)]
pictures = [torch.ones(3, 4, 4), torch.ones(3, 5, 4)]
up, skip, far = torch.ones(2, 8, 28, 28), torch.ones(2, 8, 27, 27), torch.ones(2, 8, 14, 14)
scores, mask, added = torch.ones(4, 4), torch.ones(4, 4).tril(), torch.full((4, 4), -1e9).triu(1)
places, table = torch.tensor([0.0, 3.0, 1.0]), torch.ones(5, 2)
conv = nn.Conv2d(1, 8, 5)
pool = nn.MaxPool2d(2)
small, dots = torch.ones(1, 1, 4, 4), torch.ones(4, 8, 1, 1)
last = torch.ones(4, 28, 28, 3)
pooled = nn.Sequential(nn.Conv2d(1, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.MaxPool2d(2))
layers = nn.Sequential(pooled, nn.Conv2d(8, 4, 7))
lenet = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Conv2d(4, 8, 25), nn.Flatten(), nn.Linear(8, 2))
image = torch.ones(2, 1, 28, 28)
cell, lstm = nn.GRUCell(5, 8), nn.LSTMCell(5, 8)
step, h, c, h2 = torch.ones(4, 5), torch.zeros(1, 8), torch.zeros(1, 8), torch.ones(3, 8)
h3 = torch.zeros(2, 8)
with torch.inference_mode():
    features = torch.ones(2, 3)
head = nn.Linear(3, 1)
flat = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(4 * 26 * 26, 10))
"""


def line_of(start: str) -> int:
    """The line of the setup that begins so."""
    return next(k for k, line in enumerate(SETUP.splitlines(), 1) if line.startswith(start))


W, RAGGED, JOINED, NORM = "weights-expected", "ragged-rows", "joined-sizes", "normalized-shape"
MASK, KERNEL, STATE, RECURRENT = "mask-dtype", "kernel-size", "recurrent-state", "wrong-object"
PAD = "torch.nn.utils.rnn.pad_sequence"
CASES = [
    Case(
        SETUP,
        "torch.nn.utils.clip_grad_norm_(net, 1.0)",
        W,
        1,
        "net is a whole model",
        "torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)",
    ),
    Case(SETUP, "nn.utils.clip_grad_value_(net, 1.0)", W, 1, "net is a whole model"),
    Case(SETUP, "nn.utils.clip_grad_norm_(net.parameters, 1.0)", W, 1, "the method that gives"),
    Case(
        SETUP,
        "nn.utils.clip_grad_norm_(net.named_parameters(), 1.0)",
        W,
        1,
        "net.named_parameters() is pairs",
        "nn.utils.clip_grad_norm_(net.parameters(), 1.0)",
    ),
    Case(SETUP, "nn.MaxPool1d(2)(torch.ones(4, 1))", KERNEL, 1, "has 1 element."),
    Case(SETUP, "nn.utils.parameters_to_vector(net)", W, 1, "net is a whole model"),
    Case(
        SETUP,
        "out = tagger(x)",
        RECURRENT,
        1,
        "tagger.1 takes a tensor, and the LSTM before it, tagger.0, gives a tuple",
        "out = tagger[1:](tagger[0](x)[0])",
        "shape-verified",
    ),
    Case(
        SETUP,
        "reader(x)",
        RECURRENT,
        1,
        "the GRU before it, reader.1",
        "reader[2:](reader[1](reader[:1](x))[0])",
        "shape-verified",
    ),
    Case(SETUP, "deep(x)", RECURRENT, 1, "deep.0", None, "unverified", runs=False),
    Case(
        SETUP,
        "norm(series)",
        NORM,
        1,
        "norm normalises the last axis, and was made for 16 elements on it; series is (4, 16, 10)",
        "norm(series.movedim(1, -1)).movedim(-1, 1)",
        "verified",
    ),
    Case(
        SETUP,
        "wide(series)",
        NORM,
        line_of("wide ="),
        "20",
        "wide = nn.LayerNorm(10)",
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "planes(torch.ones(2, 16, 14, 14))",
        NORM,
        line_of("planes ="),
        "planes",
        None,
        None,
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "chain(torch.ones(2, 3, 12))",
        NORM,
        line_of("chain ="),
        "the input of chain.1",
        "chain = nn.Sequential(nn.Conv1d(3, 16, 3), nn.LayerNorm([16, 10]))",
        "verified",
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "torch.tensor([[1, 2], [3]])",
        RAGGED,
        1,
        "row 0 has 2 elements, row 1 has 1 element",
        f"{PAD}([torch.tensor(row) for row in [[1, 2], [3]]], batch_first=True)",
        "verified",
    ),
    Case(SETUP, "torch.LongTensor(sentences)", RAGGED, 1, "sentences[1] has 2"),
    Case(
        SETUP,
        "torch.tensor(sentences, dtype=torch.float32)",
        RAGGED,
        1,
        "sentences[0] has 3",
        f"{PAD}([torch.tensor(row, dtype=torch.float32) for row in sentences], batch_first=True)",
    ),
    Case(
        SETUP,
        "torch.tensor(rows)",
        "tensor-of-tensors",
        1,
        "rows holds tensors",
        "torch.stack(rows)",
        "verified",
    ),
    Case(SETUP, "torch.tensor(texts)", "tensor-of-tensors", 1, "texts", None, "verified"),
    Case(
        SETUP,
        "torch.stack([one, two])",
        JOINED,
        1,
        "two is (2,), one is (3,)",
        f"{PAD}([one, two], batch_first=True)",
        "verified",
    ),
    Case(SETUP, "torch.stack(texts, dim=1)", JOINED, 1, "texts[1]", f"{PAD}(texts)", "verified"),
    Case(SETUP, "torch.stack(grey)", JOINED, 1, "grey[1] is (3, 4, 4)", None, "unverified"),
    Case(SETUP, "torch.stack(pictures)", JOINED, 1, "pictures[1]", None, "unverified"),
    Case(
        SETUP,
        "torch.cat([up, skip], dim=1)",
        JOINED,
        1,
        "skip is (2, 8, 27, 27), up is (2, 8, 28, 28)",
        "torch.cat([F.interpolate(up, size=skip.shape[2:]), skip], dim=1)",
        "unverified",
    ),
    Case(SETUP, "torch.cat([up, far], dim=1)", JOINED, 1, "far is (2, 8, 14, 14)"),
    Case(
        SETUP,
        "scores.masked_fill(mask, 0.0)",
        MASK,
        1,
        "mask is float32",
        "scores.masked_fill(mask.bool(), 0.0)",
        "verified",
    ),
    Case(SETUP, "scores.masked_fill_(1 - mask, 0)", MASK, 1, "1 - mask", None, "verified"),
    Case(SETUP, "torch.masked_fill(scores, mask.long(), 0)", MASK, 1, "mask.long() is int64"),
    Case(SETUP, "torch.where(mask, scores, 0.0)", MASK, 1, "mask", None, "verified"),
    Case(SETUP, "torch.masked_select(scores, mask)", MASK, 1, "mask", None, "verified"),
    Case(SETUP, "scores[mask]", MASK, 1, "mask", "scores[mask.bool()]", "verified"),
    Case(SETUP, "1 - (mask > 0)", MASK, 1, "mask > 0 is bool", "~(mask > 0)", "verified"),
    Case(SETUP, "~mask", MASK, 1, "mask is float32", "~mask.bool()", "verified"),
    Case(SETUP, "~added", None),
    Case(SETUP, "(mask > 0) - (mask > 1)", None),
    Case(SETUP, "table[places]", "index-dtype", 1, "places", "table[places.long()]"),
    Case(
        SETUP,
        "conv(small)",
        KERNEL,
        line_of("conv ="),
        "The kernel of conv covers 5 x 5, and small (1, 1, 4, 4) has 4 x 4.",
        "conv = nn.Conv2d(1, 8, 5, padding=2)",
        "shape-verified",
        SETUP_CELL,
    ),
    Case(
        SETUP,
        "class Own(nn.MaxPool2d): pass\nown = Own(2)\nown(dots)",
        KERNEL,
        3,
        "The kernel of own covers 2 x 2",
    ),
    Case(SETUP, "pool(dots)", KERNEL, 1, "The kernel of pool covers 2 x 2", None, "unverified"),
    Case(SETUP, "F.max_pool2d(dots, 2)", KERNEL, 1, "F.max_pool2d covers 2 x 2"),
    Case(SETUP, "nn.Conv2d(28, 4, 5)(last)", KERNEL, 1, "last (4, 28, 28, 3) has 28 x 3"),
    Case(
        SETUP,
        "cell(step, h)",
        STATE,
        1,
        "cell begins with a state of (samples, features), here (4, 8); h is (1, 8)",
        "cell(step, h.expand(4, -1))",
        "verified",
    ),
    Case(
        SETUP, "lstm(step, (h, c))", STATE, 1, "h", "lstm(step, (h.expand(4, -1), c.expand(4, -1)))"
    ),
    Case(SETUP, "cell(step, h2)", STATE, 1, "h2 is (3, 8)", None, "unverified"),
    Case(
        SETUP,
        "cell(step, h3)",
        STATE,
        line_of("h3 ="),
        "h3",
        "h3 = torch.zeros(4, 8)",
        None,
        SETUP_CELL,
    ),
    Case(SETUP, "lstm(step, h)", STATE, 1, "lstm is an LSTM, which begins", runs=False),
    Case(
        SETUP,
        "head(features).sum().backward()",
        "inference-tensor",
        1,
        "features was made in torch.inference_mode()",
        "head(features.clone()).sum().backward()",
        "verified",
    ),
    Case(SETUP, "features += 1", "view-in-place", 1, "features was made in torch.inference_mode()"),
    Case(SETUP, "head([texts[0][:, :3]])", "wrong-object", 1, "is a list"),
    Case(
        SETUP,
        "flat(image)",
        "layer-features",
        line_of("flat ="),
        "flat.1 was made for 2704 features and gets 26",
        "flat = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))",
        "shape-verified",
        SETUP_CELL,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_wrong_and_what_to_write(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "text",
    [
        "for each in net: next(each)",
        "torch.nn.utils.clip_grad_norm_(3, 1.0)",
        "torch.tensor([[1, 2], ['a', 'b']])",
        "torch.tensor([1, 'a'])",
        "scores.masked_fill(mask > 0, 'a')",
        "(1, 2).flatten()",
        "nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))((x, x))",
    ],
)
def test_other_mistakes_with_like_messages_are_not_taken_for_these(text: str) -> None:
    found = explained(Case(SETUP, text, None))
    ours = (W, RAGGED, JOINED, NORM, MASK, KERNEL, STATE, "tensor-of-tensors")
    assert found is None or found.finding is None or found.finding.kind not in ours


def test_a_stack_of_grey_and_coloured_images_is_not_padded_with_channels() -> None:
    found = explained(Case(SETUP, "torch.stack(grey)", JOINED))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert 'convert("RGB")' in found.finding.fix.text


def test_images_of_another_level_of_a_network_are_not_resized() -> None:
    found = explained(Case(SETUP, "torch.cat([up, far], dim=1)", JOINED))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is None


def test_a_mask_that_is_added_is_not_made_bool() -> None:
    found = explained(Case(SETUP, "scores.masked_fill(added, 0)", MASK))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is None


def test_an_index_of_zeros_and_ones_may_be_a_mask_or_count_rows() -> None:
    found = explained(Case(SETUP, "two[torch.tensor([0.0, 1.0])]", MASK))
    assert found is not None
    assert found.finding is not None
    fixes = [each.fix.code for each in (found.finding, *found.alternatives) if each.fix]
    start, end = "two[torch.tensor([0.0, 1.0])", "]"
    assert fixes == [f"{start}.bool(){end}", f"{start}.long(){end}"]


def test_the_size_that_is_told_is_the_least_that_goes_through_all_layers() -> None:
    found = explained(Case(SETUP, "layers(image)", KERNEL))
    assert found is not None
    assert found.notes == ("Images of 34 x 34 or more are large enough for all its layers.",)
    _, names = raised(Case(SETUP, "layers(torch.ones(1, 1, 33, 33))", KERNEL))
    names["layers"](names["torch"].ones(1, 1, 34, 34))  # type: ignore[operator,attr-defined]


def test_padding_that_does_not_fit_what_follows_is_not_called_tried() -> None:
    case = "lenet(torch.ones(2, 1, 20, 20))"
    found = explained(Case(SETUP, case, KERNEL))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.status == "unverified"


FILES = """
import argparse
import numpy as np
import torch
import torch.nn as nn
model = nn.Sequential(nn.Linear(3, 3))
def saved(value):
    torch.save(value, PATH)
"""


@pytest.mark.parametrize(
    ("saved", "options", "held", "fix"),
    [
        ("model", "", "a whole model (Sequential)", ", weights_only=False"),
        ("model", ", weights_only=True", "a whole model", ", weights_only=False"),
        ('{"args": argparse.Namespace(lr=1)}', "", "an object of argparse.Namespace", None),
        ('{"best": np.float64(0.5)}', ', map_location="cpu"', "values of NumPy", None),
    ],
)
def test_a_file_that_holds_more_than_weights(
    tmp_path: Path, saved: str, options: str, held: str, fix: str | None
) -> None:
    path = str(tmp_path / "file.pt")
    setup = f"{FILES.replace('PATH', repr(path))}saved({saved})\n"
    line = f"torch.load({path!r}{options})"
    code = None if fix is None else f"torch.load({path!r}{fix})"
    case = Case(setup, line, "weights-only", 1, held, code, "unverified")
    check(case)
    found = explained(case)
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert "runs any code that is in it" in found.finding.fix.text
    assert ("since PyTorch 2.6" in found.finding.message) is ("weights_only" not in options)


def test_a_file_that_is_no_checkpoint_is_not_to_be_trusted(tmp_path: Path) -> None:
    path = str(tmp_path / "file.pkl")
    Path(path).write_bytes(pickle.dumps({"a": 1}, 4))
    found = explained(Case("import torch", f"torch.load({path!r})", None))
    assert found is None or found.finding is None or found.finding.kind != "weights-only"


MODELS = """
import torch
import transformers
sizes = dict(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
sizes |= dict(intermediate_size=8, max_position_embeddings=16)
gpt = dict(vocab_size=50, n_positions=16, n_embd=8, n_layer=1, n_head=2)
gpt |= dict(bos_token_id=0, eos_token_id=1)
bert = transformers.BertModel(transformers.BertConfig(**sizes))
roberta = transformers.RobertaModel(transformers.RobertaConfig(**sizes | {"pad_token_id": 1}))
llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes))
writer = transformers.GPT2LMHeadModel(transformers.GPT2Config(**gpt))
ids, beyond = torch.ones(2, 20).long(), torch.ones(2, 16).long() * 4
unknown = torch.full((2, 5), 60)
mask, labels = torch.ones(20, 20), torch.tensor([0, 1])
inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
"""
LONG = "sequence-length"
OF_MODELS = [
    Case(MODELS, "writer(ids)", LONG, 1, "writer has 16 places", "writer(ids[:, :16])"),
    Case(
        MODELS,
        "writer(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids)",
        LONG,
        1,
        "ids (2, 20) has 20",
        "writer(input_ids=ids[:, :16], attention_mask=torch.ones_like(ids)[:, :16], "
        "labels=ids[:, :16])",
        "shape-verified",
    ),
    Case(MODELS, "bert(ids)", LONG, 1, "bert has 16 places", "bert(ids[:, :16])"),
    Case(
        MODELS,
        "bert(**inputs)",
        LONG,
        1,
        "its input (2, 20)",
        "bert(**{k: v[:, :16] for k, v in inputs.items()})",
    ),
    Case(MODELS, "roberta(beyond)", LONG, 1, "roberta has 14 places", "roberta(beyond[:, :14])"),
    Case(MODELS, "bert(unknown)", "index-range", 1, "unknown goes from 60 to 60"),
    Case(MODELS, "bert(ids[:, :5], token_type_ids=unknown)", "index-range", 1, "has 2 rows"),
    Case(MODELS, "llama(unknown.repeat(1, 5))", "index-range", 1, "llama.model.embed_tokens"),
]


@pytest.mark.parametrize("case", OF_MODELS, ids=lambda case: case.text)
def test_texts_that_are_too_long_for_a_model_of_hugging_face(case: Case) -> None:
    pytest.importorskip("transformers")
    check(case)


def test_words_that_a_model_of_hugging_face_does_not_know() -> None:
    pytest.importorskip("transformers")
    found = explained(Case(MODELS, "writer(unknown)", "index-range"))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert "writer.resize_token_embeddings(61)" in found.finding.fix.text


def test_a_text_that_is_read_on_beyond_the_places_is_not_given_more_rows() -> None:
    pytest.importorskip("transformers")
    text = "writer.generate(ids[:, :10], min_new_tokens=10, max_new_tokens=10, do_sample=False)"
    found = explained(Case(MODELS, text, "index-range"))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.text.startswith("Hand in sequences of at most 16")


DATA = """
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset
class Gaps(Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, k):
        return None if k == 2 else torch.ones(3)
class Lost(Gaps):
    def __getitem__(self, k):
        row = torch.ones(3)
class Odd(Gaps):
    def __getitem__(self, k):
        return torch.ones(3), object()
class Net(nn.Module):
    def __init__(self, size):
        self.size = size
    def forward(self, x):
        return x * self.size
class Base(nn.Module):
    def __init__(self):
        self.size = 2
class Derived(Base):
    def __init__(self):
        super().__init__()
loader = DataLoader(torch.ones(4, 3), batch_size=2)
batches = iter(loader)
pairs = DataLoader([(1, 2), None], batch_size=2)
gaps, lost, odd = (DataLoader(each, batch_size=4) for each in (Gaps(), Lost(), Odd()))
"""
BATCH, LOADER, INIT = "batch-of-objects", "batch-of-loader", "module-init"
OF_DATA = [
    Case(DATA, "for x in gaps: pass", BATCH, 1, "sample 2 of this one is None", None, "unverified"),
    Case(
        DATA,
        "next(iter(lost))",
        BATCH,
        12,
        "is None",
        "row = torch.ones(3)\nreturn row",
        None,
        SETUP_CELL,
    ),
    Case(DATA, "next(iter(odd))", BATCH, 1, "a sample of this one holds an object"),
    Case(DATA, "next(iter(pairs))", BATCH, 1, "sample 1 of this one is None"),
    Case(DATA, "x = next(loader)", LOADER, 1, "loader gives", "x = next(iter(loader))"),
    Case(DATA, "x = loader[0]", LOADER, 1, "loader gives", "x = next(iter(loader))"),
    Case(DATA, "loader[3]", LOADER, 1, "loader gives its batches to a loop"),
    Case(DATA, "x = batches.next()", LOADER, 1, "batches has no method next", "x = next(batches)"),
    Case(
        DATA,
        "Net(2)(torch.ones(3))",
        INIT,
        18,
        "Net.__init__ does not call super().__init__()",
        "super().__init__()\nself.size = size",
        None,
        SETUP_CELL,
    ),
    Case(DATA, "Net(2).to('cpu')", INIT, 18, "Net.__init__ does not call", None, None, SETUP_CELL),
    Case(DATA, "Derived().train()", None),
]


@pytest.mark.parametrize("case", OF_DATA, ids=lambda case: case.text)
def test_data_and_models_that_are_not_complete(case: Case) -> None:
    check(case)


def test_a_loss_that_was_not_computed_wants_labels() -> None:
    pytest.importorskip("transformers")
    model = "bert = transformers.BertForSequenceClassification(bert.config)\nids = ids[:, :8]\n"
    text = "out = bert(ids)\nout.loss.backward()"
    fix = "out = bert(ids, labels=labels)"
    check(Case(f"{MODELS}{model}", text, "output-object", 1, "out.loss is None", fix))


BATCHES = """
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader([{"image": torch.ones(3), "label": k} for k in range(4)], batch_size=2)
pairs, named = [torch.ones(2, 3), torch.zeros(2)], {"x": torch.ones(2, 3), "y": torch.zeros(2)}
both = torch.ones(2, 3), torch.ones(2, 3)
model, place = nn.Linear(3, 2), "cpu"
rows, marks, short = np.ones((4, 3)), [0, 1, 0, 1], torch.ones(3)
"""
OBJECT, OUTPUT = "wrong-object", "output-object"
OF_BATCHES = [
    Case(BATCHES, "for x, y in loader:\n    model(x)", OBJECT, 2, "x is a str", None, "unverified"),
    Case(
        BATCHES,
        "pairs = pairs.to(place)",
        OUTPUT,
        1,
        "pairs is a list that holds 2",
        "pairs = [each.to(place) for each in pairs]",
    ),
    Case(
        BATCHES,
        "named = named.to(place)",
        OUTPUT,
        1,
        "named is a dict that holds 2",
        "named = {k: each.to(place) for k, each in named.items()}",
    ),
    Case(BATCHES, "both.to(place)", OUTPUT, 1, "both is a tuple", "both[0].to(place)"),
    Case(
        BATCHES,
        "data = TensorDataset(rows, marks)",
        OBJECT,
        1,
        "TensorDataset takes tensors; rows and marks are none",
        "data = TensorDataset(torch.from_numpy(rows).float(), torch.tensor(marks))",
    ),
    Case(BATCHES, "TensorDataset(named['x'], short)", "joined-sizes", 1, "short has 3"),
]


@pytest.mark.parametrize("case", OF_BATCHES, ids=lambda case: case.text)
def test_batches_that_are_no_tensors(case: Case) -> None:
    check(case)


def test_a_loop_over_batches_that_are_dictionaries_is_told_how_to_go() -> None:
    found = explained(Case(BATCHES, "for x, y in loader:\n    model(x)", OBJECT))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert 'for batch in loader, and batch["image"] instead of x' in found.finding.fix.text


@pytest.mark.parametrize("text", ["x = 'image'\nmodel(x)", "for x, y in ['ab']:\n    model(x)"])
def test_other_texts_are_no_keys_of_a_batch(text: str) -> None:
    found = explained(Case(BATCHES, text, OBJECT))
    assert found is None or found.finding is None or found.finding.fix is None


def test_the_output_of_a_model_of_hugging_face_holds_the_scores() -> None:
    pytest.importorskip("transformers")
    model = "bert = transformers.BertForSequenceClassification(bert.config)\nids = ids[:, :8]\n"
    text = "torch.nn.functional.cross_entropy(bert(ids), labels)"
    fix = "torch.nn.functional.cross_entropy(bert(ids).logits, labels)"
    check(Case(f"{MODELS}{model}", text, OBJECT, 1, "bert(ids) is a SequenceClassifier", fix))
