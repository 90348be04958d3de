"""Five hundred headers: what each file is and whose, as importing finds it, beside DCMTK's dcmdump in the same run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from clinic_app.imaging.importing import described
from clinic_app.imaging.reading import read_dataset
from tests.performance.imaging_study import IMAGES, write_study

_RUNS: Final = 3


def header_figures(source: Path) -> dict[str, Any]:
    """Return files per second of both ways, the better of some runs in turns; only ours where there is no dcmdump."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_study(source, Path(folder))
        ours, theirs = [], []
        for _run in range(_RUNS):
            ours.append(_ours(paths))
            if program := shutil.which("dcmdump"):
                theirs.append(_theirs(program, paths))
    figures: dict[str, Any] = {"header_files_per_s": round(IMAGES / min(ours))}
    if theirs:
        figures["header_files_per_s_dcmdump"] = round(IMAGES / min(theirs))
        figures["header_ratio_to_dcmdump"] = round(min(theirs) / min(ours), 2)
    return figures


def _ours(paths: tuple[Path, ...]) -> float:
    begin = time.perf_counter()
    uids = {described(read_dataset(path.read_bytes())).sop_uid for path in paths}
    assert len(uids) == IMAGES
    return time.perf_counter() - begin


def _theirs(program: str, paths: tuple[Path, ...]) -> float:
    """Let dcmdump read the same files in one process; it prints all elements but the pixels, which go nowhere."""
    begin = time.perf_counter()
    subprocess.run([program, *map(str, paths)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin
