"""How long pydicom takes with its own handlers: a process of its own, in which ours are not registered.

Run as ``python -m tests.performance.imaging_default``; for every line on its standard input, how often and a path, it
writes a line: the milliseconds of ``Dataset.pixel_array``, the mean of so many, or why it fails. The default handlers
are those pydicom takes by itself where they are installed; lossless JPEG is decoded by GDCM (python-gdcm).
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
        times, path = line.rstrip("\n").split(" ", 1)
        print(json.dumps(timed(Path(path), int(times))), flush=True)


def timed(path: Path, times: int = 1) -> float | str:
    """Return the milliseconds of decoding all frames of a file as it comes; a text where it fails.

    Args:
        path: of the file.
        times: how often it is read, and decoded; reading is not timed.
    """
    datasets = [pydicom.dcmread(path) for _ in range(times)]
    begin = time.perf_counter()
    try:
        for dataset in datasets:
            dataset.pixel_array  # noqa: B018 - decodes
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is the answer
        return " ".join(f"{type(error).__name__}: {error}".split())[:120]
    return (time.perf_counter() - begin) * 1000 / times


if __name__ == "__main__":
    main()
