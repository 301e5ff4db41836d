"""One line for each magic: what it answers, and how it is written."""

from __future__ import annotations

from dlmagic.magics.overview.result import Entry

ENTRIES = (
    Entry(
        "dlbench",
        "How fast is this cell in every execution mode, how sure is that, do the answers agree?",
        "%%dlbench",
        above_cells=True,
    ),
    Entry(
        "graphmode",
        "What did graph mode do to this cell, which line breaks it, and what mends that?",
        "%%graphmode",
        above_cells=True,
    ),
    Entry(
        "autograd",
        "Which graph did this cell build, with which values and gradients?",
        "%%autograd",
        above_cells=True,
    ),
    Entry(
        "tensors",
        "Which tensors are there? Above a cell: which mistakes does it make without an error?",
        "%tensors",
    ),
    Entry(
        "explain",
        "What was wrong in the cell that failed last, and what should be written instead?",
        "%explain",
    ),
    Entry("gpus", "Which devices are there, and which may I take?", "%gpus pick"),
    Entry("watch", "How do all layers of a model fare while it trains?", "%watch model"),
    Entry("unwatch", "Stop watching a model.", "%unwatch model"),
    Entry(
        "summary",
        "Which layers does a model have, with which shapes, parameters and costs?",
        "%summary model x",
    ),
    Entry("dlmagic", "What is there, what does it run on, where do I begin?", "%dlmagic demo"),
)
"""In the order in which they are shown."""
