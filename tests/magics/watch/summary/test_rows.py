"""The tree of rows and what is shown of it, without any framework."""

from __future__ import annotations

from dlmagic.display.html import render
from dlmagic.magics.watch.summary.calls import Call, Holder, Looked, Weight
from dlmagic.magics.watch.summary.folding import fold
from dlmagic.magics.watch.summary.result import ArraySpec, LayerCall, ModelSummary
from dlmagic.magics.watch.summary.rows import rows_of
from dlmagic.magics.watch.summary.view import document

SPEC = ArraySpec((2, 3), "float32")


def weight(identity: int, size: int, trainable: bool = True) -> Weight:
    return Weight(identity, f"w{identity}", size, 4 * size, trainable)


def looked(
    *holders: Holder, calls: list[Call] | None = None, used: set[int] | None = None
) -> Looked:
    return Looked(holders, calls=calls or [], used=None if used is None else frozenset(used))


def test_layers_without_calls_stand_in_what_holds_them() -> None:
    w, v = weight(1, 10), weight(2, 5, trainable=False)
    rows = rows_of(
        looked(
            Holder("", "Net", (), (w, v)),
            Holder("blocks", "ModuleList", (), (w,), group=True),
            Holder("blocks.0", "Linear", (w,), (w,)),
            Holder("head", "Linear", (v,), (v,)),
        )
    )
    assert [(row.layer, row.depth, row.parent) for row in rows] == [
        ("", 0, -1), ("blocks", 1, 0), ("blocks.0", 2, 1), ("head", 1, 0),
    ]  # fmt: skip
    assert [row.counted for row in rows] == [0, 0, 10, 5]
    assert (rows[0].parameters, rows[0].trainable, rows[0].gradient_bytes) == (15, 10, 40)
    assert {row.remark for row in rows} == {""}


def test_calls_come_in_their_order_and_the_rest_behind_them() -> None:
    w, v = weight(1, 10), weight(2, 5)
    root = Call("", flops=1.0, activation_bytes=8)
    second = Call("b", root, flops=20.0, activation_bytes=4)
    first = Call("a", root, flops=300.0)
    again = Call("b", root, flops=4000.0)
    rows = rows_of(
        looked(
            Holder("", "Net", (), (w, v)),
            Holder("a", "A", (), ()),
            Holder("list", "ModuleList", (), (), group=True),
            Holder("b", "B", (w,), (w,)),
            Holder("spare", "C", (v,), (v,)),
            calls=[root, second, first, again],
            used={1},
        )
    )
    assert [row.layer for row in rows] == ["", "b", "a", "b", "list", "spare"]
    assert [row.call for row in rows] == [1, 1, 1, 2, 0, 0]
    assert [row.counted for row in rows] == [0, 10, 0, 0, 0, 5]
    assert (rows[0].flops, rows[0].activation_bytes) == (4321.0, 12)
    assert [row.remark for row in rows[4:]] == ["", "not called"]


def test_a_list_of_called_layers_has_no_row() -> None:
    w = weight(1, 10)
    root = Call("")
    rows = rows_of(
        looked(
            Holder("", "Net", (), (w,)),
            Holder("list", "ModuleList", (), (w,), group=True),
            Holder("list.0", "A", (w,), (w,)),
            calls=[root, Call("list.0", root)],
        )
    )
    assert [row.layer for row in rows] == ["", "list.0"]


def deep(blocks: int, width: int = 3) -> tuple[LayerCall, ...]:
    """Blocks that are alike, with layers inside."""
    rows = [LayerCall("", "Net", 0, -1, 1, 1, (SPEC,), flops=1e9)]
    for block in range(blocks):
        parent = len(rows)
        rows.append(LayerCall(f"b.{block}", "Block", 1, 0, 1, 1, (SPEC,), flops=1e6))
        rows += [
            LayerCall(f"b.{block}.l{k}", "Linear", 2, parent, 1, 1, (SPEC,), 12, 12, 12, 12)
            for k in range(width)
        ]
    return tuple(rows)


def test_what_fits_is_shown_and_what_does_not_is_folded_once_for_all_alike() -> None:
    assert not fold(deep(3), None).blocks
    folded = fold(deep(20), None)
    assert len(folded.lines) == 21
    (block,) = folded.blocks
    assert len(block.layers) == 20
    assert [line.label for line in block.lines] == ["l0", "l1", "l2"]
    assert folded.lines[1].hidden == 3


def test_the_depth_that_is_asked_for_is_kept() -> None:
    assert [line.row.depth for line in fold(deep(3), 1).lines] == [0, 1, 1, 1]
    assert len(fold(deep(20), 2).lines) == 81
    folded = fold(deep(200), 2)
    assert (len(folded.lines), folded.more) == (100, 701)


def test_many_calls_of_one_layer_become_one_line() -> None:
    rows = [LayerCall("", "Net", 0, -1, 1, 1, flops=100.0)]
    rows += [LayerCall("cell", "GRUCell", 1, 0, k + 1, 10, flops=10.0) for k in range(10)]
    lines = fold(rows, None).lines
    assert [line.calls for line in lines] == ["", ", call 1", ", calls 2–10"]
    assert lines[-1].row.flops == 90.0


def test_of_many_calls_together_it_is_said_how_many_shapes_there_are() -> None:
    rows = [LayerCall("", "Net", 0, -1, 1, 1)]
    for number, size in enumerate((32, 16, 8, 8)):
        outputs = (ArraySpec((1, size, size), "float32"),)
        rows.append(LayerCall("head", "Conv2d", 1, 0, number + 1, 4, outputs=outputs))
    lines = fold(rows, None).lines
    assert [line.shapes for line in lines] == [1, 1, 2]
    summary = ModelSummary(kind="Net", rows=tuple(rows), inputs=rows[1].outputs)
    assert "1×16×16 and 1 other shape" in " ".join(str(summary).split())


def test_three_calls_of_one_layer_have_a_line_each() -> None:
    rows = [LayerCall("", "Net", 0, -1, 1, 1, flops=30.0)]
    rows += [LayerCall("cell", "GRUCell", 1, 0, k + 1, 3, flops=10.0) for k in range(3)]
    lines = fold(rows, None).lines
    assert [line.calls for line in lines] == ["", ", call 1", ", call 2", ", call 3"]


def test_names_of_layers_are_whole_where_columns_go_on_below_anyway() -> None:
    """A bidirectional layer of Keras: its names were broken into three lines."""
    rows = [LayerCall("", "Net", 0, -1, 1, 1, (SPEC,), flops=1e6)]
    rows.append(LayerCall("bidirectional", "Bidirectional", 1, 0, 1, 1, (SPEC,), flops=1e6))
    inner, three = "bidirectional.backward_lstm", (ArraySpec((4, 20, 128), "float32"),) * 3
    rows.append(LayerCall(inner, "LSTM", 2, 1, 1, 1, three, 49_408, 49_408, 0, 49_408, flops=1e6))
    figures = {"flops": 1e6, "activation_bytes": 9000, "gradient_bytes": 9000, "parameters": 24_832}
    rows += [
        LayerCall(f"{inner}.lstm_cell", "LSTMCell", 3, 2, k + 1, 21, three, **figures)
        for k in range(21)
    ]
    shown = repr(ModelSummary(name="net", kind="Net", rows=tuple(rows), inputs=(SPEC,)))
    lines = shown.replace("\u00a0", " ").splitlines()
    assert max(map(len, lines)) <= 80
    for name in ("    backward_lstm ", "      lstm_cell, call 1 ", "      lstm_cell, calls 2–21 "):
        assert sum(line.startswith(name) for line in lines) == 2


def test_a_large_summary_stays_small_and_says_what_it_leaves_out() -> None:
    rows = deep(300, width=20)
    summary = ModelSummary(name="net", kind="Net", framework="PyTorch", rows=rows, inputs=(SPEC,))
    for depth in (None, 1, 2):
        shown = ModelSummary(**{**vars(summary), "depth": depth})
        page = render(document(shown))
        assert len(page.encode()) <= 50_000
        assert "more; the attribute rows has them all" in page
        assert "could not be shown" not in repr(shown)


def test_the_text_fits_into_eighty_columns_and_indents() -> None:
    shown = repr(ModelSummary(name="net", kind="Net", rows=deep(2), inputs=(SPEC,)))
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "\n    l0" in shown.replace("\u00a0", " ")


def test_a_saved_summary_opens_again() -> None:
    made = ModelSummary(name="net", kind="Net", rows=deep(2), inputs=(SPEC,), notes=("so",))
    assert ModelSummary.from_json(made.to_json()) == made
