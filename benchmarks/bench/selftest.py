"""``%dlbench --selftest`` on this machine, for the docs.

Run: ``python -m benchmarks.bench.selftest [--write]``; takes a minute and also writes the output
on the page ``docs/how-sure.md``.
"""

from __future__ import annotations

import argparse
import json

from benchmarks.recording import record
from dlmagic.magics.bench.selftest import selftest


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    result = selftest()
    print(result)
    if options.write:
        record("selftest", ("numpy",), {"result": json.loads(result.to_json())})


if __name__ == "__main__":
    main()
