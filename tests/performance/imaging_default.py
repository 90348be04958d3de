"""How long pydicom takes with its own handlers: a process of its own, in which ours are not registered.

Run as ``python -m tests.performance.imaging_default``; for every path on its standard input it writes a line: the
milliseconds of ``Dataset.pixel_array``, or why it fails.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import pydicom


def main() -> None:
    """Answer until the input ends."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(timed(Path(line.rstrip("\n")))), flush=True)


def timed(path: Path) -> float | str:
    """Return the milliseconds of decoding all frames of a file as it comes; a text where it fails."""
    dataset = pydicom.dcmread(path)
    begin = time.perf_counter()
    try:
        dataset.pixel_array  # noqa: B018 - decodes
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the answer
        return " ".join(f"{type(error).__name__}: {error}".split())[:120]
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
