"""``python -m tests.scenarios.tour --out DIR``: one patient's story through the real windows, asserted step by step.

Writes ``tour.json``, a numbered picture of every screen in light and dark, the sealed package and the PDFs. The exit
code is 0 only if every step held.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from tests.helpers.watchdog import Watchdog
from tests.scenarios.camera import Camera
from tests.scenarios.ledger import Ledger
from tests.scenarios.stage import raised
from tests.scenarios.story import Story
from ui import language, theme
from ui.shell.rounds import Rounds


def main(arguments: Sequence[str] | None = None) -> int:
    """Go the whole way, or as far as it holds; say where the pictures lie."""
    parser = argparse.ArgumentParser(prog="tour", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    out = parser.parse_args(arguments).out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    language.use("kk")
    theme.apply(application, "light")
    dog = Watchdog()
    ledger = Ledger(dog)
    camera = Camera(out)
    folder = Path(tempfile.mkdtemp(prefix="dala-tour-"))
    dog.start()
    try:
        with dog.paused():
            stage_context = raised(folder)
            stage = stage_context.__enter__()
        try:
            Rounds(application).through(lambda: _go(Story(stage, camera, dog, out), ledger))
        finally:
            with dog.paused():
                stage_context.__exit__(None, None, None)
    finally:
        dog.stop()
        shutil.rmtree(folder, ignore_errors=True)
    ledger.write(out / "tour.json", pictures=camera.pictures, seconds=sum(step.seconds for step in ledger.steps))
    good = sum(step.ok for step in ledger.steps)
    sys.stdout.write(f"{good} of {len(ledger.steps)} steps held; pictures and PDFs are in {out}\n")
    return 0 if ledger.is_good and len(ledger.steps) == Story.LENGTH else 1


def _go(story: Story, ledger: Ledger) -> None:
    for name, step in story.steps():
        sys.stdout.write(f"{name} ... ")
        sys.stdout.flush()
        held = ledger.go(name, step)
        sys.stdout.write("ok\n" if held else f"FAILED\n{ledger.steps[-1].error}\n")
        if not held and "in vain" in ledger.steps[-1].error:
            break


if __name__ == "__main__":
    sys.exit(main())
