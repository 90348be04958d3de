"""How long it takes from the start of the process to a sign-in window that takes keys, beside a bare window."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 7
PATIENCE_S = 60
READY = "DALA_BENCH_READY"
"""The program touches the file named in this variable when its sign-in window can be used."""

BARE = f"""
import os, pathlib
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("x")
label.show()
QTimer.singleShot(0, pathlib.Path(os.environ["{READY}"]).touch)
app.exec()
"""


def measure_startup() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the milliseconds of each start of ours and of the bare window, taken in turn.

    The data folder exists and has been opened once, as on any morning but the first.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        (data / "settings.toml").write_text('key_storage = "file"\nlanguage = "kk"\n', encoding="utf-8")
        ours = [sys.executable, str(ROOT / "main.py"), "--data", str(data)]
        bare = [sys.executable, "-c", BARE]
        start_once(ours, Path(folder) / "first")
        pairs = [
            (start_once(ours, Path(folder) / f"o{n}"), start_once(bare, Path(folder) / f"b{n}")) for n in range(RUNS)
        ]
    return tuple(ours_ms for ours_ms, _ in pairs), tuple(bare_ms for _, bare_ms in pairs)


def start_once(command: list[str], ready: Path) -> float:
    """Start a window, wait until it is usable, end it.

    Returns:
        Milliseconds from the start of the process to the ready file.

    Raises:
        RuntimeError: it ended or was not ready in time.
    """
    begin = time.perf_counter()
    log = ready.with_suffix(".log")
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, READY: str(ready)}, stderr=stream)
    try:
        while not ready.exists():
            if process.poll() is not None or time.perf_counter() - begin > PATIENCE_S:
                raise RuntimeError(f"{command[1]} did not become usable: {log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.001)
        return (time.perf_counter() - begin) * 1000
    finally:
        process.kill()
        process.wait()
