"""What only a process that has just imported TensorFlow can show."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os
import tensorflow as tf
from dlmagic import bench
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework

framework = TensorFlowFramework()
saved = framework.save_ambient()
[part.restore() for part in saved]
framework.settings(), framework.synchronise(), framework.events()
framework.uses_randomness(saved)
with framework.counting():
    pass
print("started" if compat.is_started() else "not started")

@tf.function
def retraced(n):
    return n * 2

names = {"__name__": "__main__", "x": tf.ones(3), "retraced": retraced, "tf": tf}
names["data"] = tf.data.Dataset.range(3)
os.write(2, b"=== begin ===")
text = "for n in range(9):\\n    y = retraced(n)\\nfor v in data:\\n    z = v\\nq = x * 2\\nq"
first = bench(text, namespace=dict(names), modes=["graph"], time=0.2)
second = bench("tf.print(x)\\ny = x * 2", namespace=names, modes=["graph", "xla"], time=0.2)
third = bench("y = x * 2", namespace=names, modes=["xla"], time=0.2)
os.write(2, b"=== end ===")
print(*(result[mode].status for result, mode in
        ((first, "graph"), (second, "graph"), (second, "xla"), (third, "xla"))))
"""

NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("%load_ext dlmagic")
shell.run_cell("import tensorflow as tf")  # sees that it is in a notebook, and prints by Python
shell.run_cell("x = tf.ones(3)")
shell.run_cell("%%graphmode -q -o there\\ny = x * 2\\ntf.print('sum', tf.reduce_sum(y))")
shell.run_cell("%%graphmode -q -o lost\\ny = x * 2\\nprint('sum', tf.reduce_sum(y))")
shell.run_cell("@tf.function\\ndef doubled(x):\\n    return 2 * x")
shell.run_cell("%%graphmode -q -o called\\ny = doubled(x)")  # AutoGraph writes a file for it
there, lost, called = (shell.user_ns[name] for name in ("there", "lost", "called"))
print("told:", there.check.agrees, len(there.findings), lost.findings[0].fix.status, called.ran)
"""


@pytest.fixture(scope="module")
def fresh():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def test_to_be_asked_starts_no_device(fresh):
    assert fresh.stdout.splitlines()[0] == "not started"


def test_the_modes_run(fresh):
    assert fresh.stdout.splitlines()[-1] == "ok ok failed ok"  # XLA cannot print


def test_nothing_of_xla_and_data_sets_reaches_standard_error(fresh):
    during = fresh.stderr.partition("=== begin ===")[2].partition("=== end ===")[0]
    assert not [line for line in during.splitlines() if "XLA" in line or "rendezvous" in line]
    # What the cell itself prints and warns of is shown where it runs as it is, and in no mode.
    assert during.count("[1 1 1]") < 10
    assert during.count("calls to <function retraced") <= 2  # TensorFlow warns twice a function


def test_a_print_of_tensorflow_is_not_lost_in_a_notebook():
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "told: True 0 verified graph", done.stderr
