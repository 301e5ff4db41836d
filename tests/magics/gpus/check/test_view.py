"""How a check looks, as text and as HTML."""

from __future__ import annotations

from dlmagic.display.text import WIDTH
from dlmagic.magics.gpus.check.result import Cause, DeviceCheck, Fact, FrameworkCheck

DEEP = Cause("version-mismatch", "Parts are apart.", ("module: 1", "library: 2"), "Do.", "sudo x")
OWN = Cause(
    "cpu-only-package", "PyTorch is <small>.", ("torch 2",), "Install it.", "%pip install y"
)
TORCH = FrameworkCheck("torch", "PyTorch", "2.6", "blind", (), "PyTorch sees no GPU.", (DEEP, OWN))
JAX = FrameworkCheck("jax", "JAX", "0.5", "blind", (), "JAX sees no GPU.", (DEEP,))
SHOWN = DeviceCheck(
    frameworks=(TORCH, JAX),
    machine="This machine has 1 NVIDIA GPU.",
    causes=(DEEP,),
    facts=(Fact("kernel module", "1"), Fact("libcuda", "/usr/lib/" + "x" * 400)),
    remarks=("One entry is left out.",),
)


def test_a_cause_of_the_machine_is_told_once() -> None:
    text = repr(SHOWN)
    assert text.count("Parts are apart.") == 1
    assert text.index("cause: Parts") < text.index("then for PyTorch: PyTorch is <small>.")
    assert "Read: module: 1; library: 2." in text
    assert "      sudo x" in text
    assert "One entry is left out." in text


def test_no_line_is_too_long() -> None:
    assert max(map(len, repr(SHOWN).splitlines())) <= WIDTH


def test_html_says_the_same_and_escapes() -> None:
    html = SHOWN._repr_html_form()
    assert "PyTorch is &lt;small&gt;." in html
    assert "<code>sudo x</code>" in html
    assert "<details>" in html


def test_the_framework_by_its_names() -> None:
    assert SHOWN["torch"] is SHOWN["PyTorch"] is TORCH
    assert not SHOWN.fine


def test_nobody_asked_is_not_fine() -> None:
    assert not DeviceCheck(machine="No framework is installed.").fine
