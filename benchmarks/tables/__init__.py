"""Tables of the documentation, made of the files in ``results/``.

A table has a place on one page or several: the line ``<!-- NAME -->``, the table, and the line
``<!-- end -->``. A benchmark that writes its figures fills the places with them, and so does
``make docs`` while it reads the pages. ``python -m benchmarks.tables`` fills them on request.
"""

from benchmarks.tables.places import filled, renew_pages

__all__ = ["filled", "renew_pages"]
