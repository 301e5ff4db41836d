"""CUDA reads its settings once: what is said when it has started, and what a release is then."""

from __future__ import annotations

import pytest

from tests.devices.double.boards import GIB, Process
from tests.magics.gpus.pick.notebook import Refused

START = "import ctypes; cuda = ctypes.CDLL('libcuda.so.1'); assert cuda.cuInit(0) == 0"
UNTOUCHED = "answer = [os.environ.get('CUDA_VISIBLE_DEVICES'), os.environ.get('CUDA_DEVICE_ORDER')]"


@pytest.fixture
def late(eight, notebook):
    """A notebook in which CUDA has started on GPUs 4 and 5."""
    return notebook(eight, CUDA_VISIBLE_DEVICES="4,5")


def refusal(notebook, code: str) -> Refused:
    with pytest.raises(Refused) as refused:
        notebook.run(code)
    return refused.value


def test_it_names_what_cuda_has_and_what_of_it_can_be_used(late) -> None:
    late.run(START)
    refused = refusal(late, "pick_gpus()")
    assert refused.kind == "TooLateError"
    assert refused.text == (
        "CUDA was started in this process with GPU 4 as cuda:0 and GPU 5 as cuda:1, so that a pick "
        "would change nothing. Use cuda:0, which is free but for this kernel. For others: restart "
        "the kernel, and run %gpus pick before anything uses CUDA."
    )
    assert late.run(UNTOUCHED) == ["4,5", None]


def test_what_others_use_is_not_offered(late, eight) -> None:
    late.run(START)
    eight.enter(4, Process(1, 20 * GIB))
    assert "Use cuda:1, which" in refusal(late, "pick_gpus()").text
    assert "Use" not in refusal(late, "pick_gpus(2)").text
    eight.enter(5, Process(late.pid, 20 * GIB))
    assert "Use cuda:1, which" in refusal(late, "pick_gpus()").text


def test_loaded_but_not_started_is_not_too_late(late) -> None:
    late.run("import ctypes; ctypes.CDLL('libcuda.so.1')")
    assert late.run("answer = pick_gpus().visible_devices") == "5"


def test_it_is_never_too_late_to_wait_for_in_vain(late) -> None:
    late.run(START)
    assert refusal(late, "pick_gpus(wait='10m')").kind == "TooLateError"


def test_cuda_has_what_was_picked(eight, notebook) -> None:
    other = notebook(eight)
    other.run("pick = pick_gpus(2)")
    assert other.run("answer = pick.result().confirmed") is None
    other.run(START)
    assert other.run("answer = pick.result().confirmed") is True


def test_cuda_has_something_else(eight, notebook) -> None:
    other = notebook(eight)
    other.run("pick = pick_gpus(2); os.environ['CUDA_VISIBLE_DEVICES'] = '0'")
    other.run(START)
    assert other.run("answer = pick.result().confirmed") is False
    assert "which was not picked" in other.run("answer = repr(pick)")


def test_a_process_keeps_what_cuda_has_started_on(eight, notebook) -> None:
    other, third = notebook(eight), notebook(eight)
    other.run("pick = pick_gpus(8)")
    other.run(START)
    told = other.run("answer = repr(pick.release())")
    assert "not given back: CUDA" in told
    assert "keeps them until it ends" in told
    assert other.run(UNTOUCHED) == ["0,1,2,3,4,5,6,7", "PCI_BUS_ID"]
    assert refusal(third, "pick_gpus()").kind == "NothingFreeError"
    other.kill()
    assert third.run("answer = pick_gpus().visible_devices") == "7"


def test_the_end_of_with_never_fails(eight, notebook) -> None:
    other = notebook(eight)
    code = f"with pick_gpus() as pick:\n    {START}\nanswer = pick.released"
    assert other.run(code) is False


def test_a_fork_of_a_process_that_has_started_cuda(late) -> None:
    late.run(START)
    late.run("try: pick_gpus()\nexcept Exception: pass")  # so that forks are looked at
    code = """
read, write = os.pipe()
if os.fork() == 0:
    try:
        pick_gpus()
    except Exception as error:
        os.write(write, f"{type(error).__name__}: {error}".encode())
    os._exit(0)
os.wait()
answer = os.read(read, 9999).decode()
"""
    answer = late.run(code)
    assert answer.startswith("TooLateError: CUDA cannot be used in this process")
    assert "spawn" in answer


def test_a_worker_neither_frees_nor_breaks_the_pick(eight, notebook) -> None:
    other, third = notebook(eight), notebook(eight)
    code = """
pick = pick_gpus(8)
read, write = os.pipe()
if os.fork() == 0:
    told = pick.release()
    os.write(write, repr(told).encode())
    os._exit(0)
os.wait()
answer = os.read(read, 9999).decode()
"""
    assert "fork" in other.run(code)
    assert other.run("answer = pick.protected") is True
    assert refusal(third, "pick_gpus()").kind == "NothingFreeError"
    other.run("pick.release()")
    assert third.run("answer = pick_gpus().visible_devices") == "7"
