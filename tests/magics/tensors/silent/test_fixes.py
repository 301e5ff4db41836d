"""What the line becomes, in the user's own names, and where nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest

from dlmagic.finding import Finding
from tests.magics.tensors.silent.programs import SETUP
from tests.magics.tensors.silent.watching import found_in, watched

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def only(text: str, setup: str = SETUP) -> Finding:
    (finding,) = found_in(text, setup)
    return finding


def code(text: str, earlier: str = "") -> str | None:
    """What the line becomes, with code that other cells have run before."""
    fix = only(text, f"{SETUP}\n{earlier}").fix
    return fix.code if fix is not None else None


@pytest.mark.parametrize(
    ("earlier", "call"),
    [
        ("criterion = nn.MSELoss()", "criterion(net(x), {})"),
        ("from torch.nn.functional import mse_loss as mse", "mse(net(x), {})"),
        ("", "torch.dist(net(x), {})"),
        ("p = net(x)", "(p.sub({}) ** 2).mean()"),
        ("p = net(x)", "torch.eq(p, {}).sum()"),
        ("p, größe = net(x), 'Länge'", "print(größe, ((p - {}) ** 2).mean())"),
    ],
)
def test_a_target_gets_an_axis(earlier: str, call: str) -> None:
    assert code(call.format("y"), earlier) == call.format("y.unsqueeze(1)")


def test_a_squeeze_too_many_goes() -> None:
    earlier = "target = y[:, None]"
    assert code("F.mse_loss(net(x).squeeze(), target)", earlier) == "F.mse_loss(net(x), target)"


def test_a_longer_target_gets_brackets() -> None:
    assert code("F.mse_loss(net(x), y + 1)") == "F.mse_loss(net(x), (y + 1).unsqueeze(1))"


def test_the_users_names_and_shapes_are_told() -> None:
    finding = only("prices = net(x)\nF.l1_loss(prices, y)")
    assert finding.message.startswith("prices (16×1) and y (16) are stretched to 16×16")
    assert finding.operands == ("prices", "y")


def test_where_a_loss_is_made_of_several_lines_the_first_is_named_and_none_is_given() -> None:
    finding = only("p = net(x).sigmoid()\na = y * p\nb = (1 - y) * (1 - p)\n(a + b).mean()")
    assert (finding.line, finding.fix is not None and finding.fix.code) == (2, None)


OTHER = """
import types
helpers = types.ModuleType("helpers")
exec(compile(
    "def score(batch, model, target, loss):\\n    return loss(model(batch), target)",
    "/somewhere/helpers.py", "exec",
), helpers.__dict__)
score = helpers.score
"""


@pytest.mark.parametrize("loss", ["F.mse_loss", "nn.SmoothL1Loss()"])
def test_a_loss_in_another_file_is_found_at_the_call_and_gets_no_code(loss: str) -> None:
    text = f"loss = score(x, net, y, {loss})"
    assert code(text, OTHER) is None
    assert only(text, SETUP + OTHER).line == 1


def test_a_layer_of_another_class_is_no_sequential_to_shorten() -> None:
    earlier = (
        "class Last(nn.Module):\n"
        "    def __init__(self, layer, last):\n"
        "        super().__init__()\n"
        "        self.layer, self.last = layer, last\n"
        "    def forward(self, batch):\n"
        "        return self.last(self.layer(batch))\n"
    )
    text = "model = Last(nn.Linear(4, 3), nn.Softmax(1))\nF.cross_entropy(model(x), labels)"
    finding = only(text, f"{SETUP}\n{earlier}")
    assert (finding.line, finding.fix is not None and finding.fix.code) == (1, None)


def test_a_model_of_another_cell_is_named_where_it_is_called() -> None:
    earlier = "model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))"
    text = "out = model(x)\nF.cross_entropy(out, labels)"
    assert only(text, f"{SETUP}\n{earlier}").line == 1
    assert code(text, earlier) is None


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("F.cross_entropy(F.softmax(x @ w, -1), labels)", "F.cross_entropy(x @ w, labels)"),
        ("p = F.softmax(x @ w, -1).float()", "p = (x @ w).float()"),
        ("p = F.softmax(dim=1, input=classifier(x))", "p = classifier(x)"),
        ("p = softmax(classifier(x))", "p = classifier(x)"),
    ],
)
def test_softmax_goes_and_brackets_stay_where_they_are_needed(line: str, mended: str) -> None:
    earlier = "w, softmax = torch.randn(4, 3), nn.Softmax(dim=1)"
    text = line if "cross" in line else f"{line}\nF.cross_entropy(p, labels)"
    assert code(text, earlier) == mended


@pytest.mark.parametrize(
    ("owner", "code_of_line"),
    [
        ("self.scores.softmax(1)", "return self.scores"),
        ("self.scores.softmax(axis)", None),
        ("self.scores.softmax(AXIS)", "return self.scores"),
        ("torch.softmax(self.scores, axis)", "return self.scores"),
        ("self.softmax(self.scores)", None),
    ],
)
def test_a_method_and_a_function_are_told_apart(owner: str, code_of_line: str | None) -> None:
    text = (
        "AXIS = 1\n"
        "class Head:\n"
        "    scores, softmax = classifier(x), staticmethod(nn.Softmax(dim=1))\n"
        "    def forward(self, axis):\n"
        f"        return {owner}\n"
        "F.cross_entropy(Head().forward(1), labels)"
    )
    assert code(text) == code_of_line


@pytest.mark.parametrize("line", ["p = F.softmax(p, 1)", "p = p.softmax(1)"])
def test_a_line_that_would_say_nothing_is_not_given(line: str) -> None:
    assert code(f"p = classifier(x)\n{line}\nF.cross_entropy(p, labels)") is None


def test_a_silenced_line_is_silent() -> None:
    names: dict[str, Any] = {}
    exec(SETUP, names)
    text = "F.nll_loss(classifier(x), labels)  # dlmagic: ok"
    assert watched(text, names).findings == ()
