"""What children do in these tests."""

from __future__ import annotations

import os
import sys
import time


def look(what: str) -> object:
    if what == "sleep":
        time.sleep(60)
    if what == "crash":
        os.abort()
    if what == "fail":
        raise ValueError("no such thing")
    if what == "print":
        sys.stdout.write("loading…\n")
        sys.stderr.write("a warning\n")
        return {"variable": os.environ.get("WORD"), "first": sys.path[0]}
    return what
