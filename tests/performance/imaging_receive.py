"""Images that arrive: our listener, which keeps each one encrypted and on the disk, beside DCMTK's storescp.

The same storescu sends the same files to both in turns. All send each packet at once (``TCP_NODELAY``); else
both sides would mostly wait for one another. DCMTK writes plain files and says "taken" before they are on the disk; so
what is compared does not promise the same.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.performance.imaging_study import write_study

_IMAGES: Final = 200
_RUNS: Final = 2
_LONGEST_S: Final = 120
_AE: Final = "BENCH"


def receive_figures(source: Path) -> dict[str, Any]:
    """Return images per second of both; nothing where there is no DCMTK."""
    if not all(shutil.which(each) for each in ("storescu", "storescp")):
        return {}
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(_RUNS):  # another study each time: what is known is not kept again
            paths = write_study(source, Path(folder) / f"study{run}", _IMAGES)
            with _listener(Path(folder) / f"data{run}") as port:
                ours.append(_sent(paths[0].parent, port))
            with _storescp(Path(folder) / f"plain{run}") as port:
                theirs.append(_sent(paths[0].parent, port))
    return {
        "receive_images_per_s": round(_IMAGES / min(ours)),
        "receive_images_per_s_storescp": round(_IMAGES / min(theirs)),
        "receive_ratio_to_storescp": round(min(theirs) / min(ours), 2),
    }


@contextmanager
def _listener(folder: Path) -> Iterator[int]:
    """Let our own listener stand over a real store, and see that everything was kept."""
    from clinic_app.imaging.network.listener import Services
    from tests.helpers.image_desk import all_of, image_desk, listening

    with image_desk(folder) as desk, listening(Services(desk.inbox), (all_of(_AE),), desk.clock) as listener:
        yield listener.port
        (waiting,) = desk.inbox.waiting(desk.nurse)
        assert len(waiting.study.images) == _IMAGES


@contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["storescp", "--output-directory", str(folder), "--accept-all", str(port)]
    with subprocess.Popen(command, env=_at_once(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port
            assert sum(1 for each in folder.iterdir() if each.is_file()) == _IMAGES
        finally:
            process.terminate()


def _sent(folder: Path, port: int) -> float:
    """Send everything in a folder; return the seconds."""
    command = ["storescu", "--scan-directories", "-aet", _AE, "-aec", "DALA", "127.0.0.1", str(port), str(folder)]
    begin = time.perf_counter()
    subprocess.run(command, check=True, env=_at_once(), stdout=subprocess.DEVNULL, timeout=_LONGEST_S)
    return time.perf_counter() - begin


def _at_once() -> dict[str, str]:
    return {**os.environ, "TCP_NODELAY": "1"}


def _wait_for(port: int) -> None:
    end = time.monotonic() + _LONGEST_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("storescp does not listen")
