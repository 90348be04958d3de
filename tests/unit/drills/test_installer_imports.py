"""Every import of our sources is known, a late one too; what only types or other systems need is not asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.drills import installer_imports
from tests.drills.installer_imports import imported_by

ROOT = Path(__file__).parents[3]
SOURCE = """
from __future__ import annotations
import json, serial.tools
from typing import TYPE_CHECKING
from PySide6 import QtSvg
from . import beside
if TYPE_CHECKING:
    from only_for_types import A
if True:
    import conditional
def late() -> None:
    import soundfile
    from reportlab.pdfgen import canvas
    import psycopg
"""


def put(root: Path, name: str, words: str = "") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(words, encoding="utf-8")


def test_late_imports_are_seen_and_those_for_types_are_not(tmp_path: Path) -> None:
    put(tmp_path, "main.py", SOURCE)
    put(tmp_path, "clinic_app/keys/lock_posix.py")
    put(tmp_path, "clinic_app/hub/__main__.py", "import pylsl")
    put(tmp_path, "clinic_app/storage/migrations/env.py")
    put(tmp_path, "clinic_app/keys/__init__.py")
    put(tmp_path, "ui/theme.py")
    assert imported_by(tmp_path) == [
        "PySide6", "PySide6.QtSvg", "clinic_app.keys", "conditional", "main", "reportlab.pdfgen", "serial.tools",
        "soundfile", "ui.theme",
    ]  # fmt: skip


def test_the_programs_own_rooms_are_read() -> None:
    names = imported_by(ROOT, ["clinic_app/waveforms", "ui/strokes.py"])
    assert {"clinic_app.waveforms.sound_output", "main", "numpy", "sounddevice"} <= {*names}
    assert not [name for name in names if name.partition(".")[0] in {"tests", "installer", "typing"}]


def test_what_cannot_be_imported_is_told_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "imports.txt"
    names.write_text("json\nno_such_module_here\n", encoding="utf-8")
    assert installer_imports.main(["C:\\data", str(names)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tried"] == 2
    assert list(told["failed"]) == ["no_such_module_here"]
    assert told["failed"]["no_such_module_here"].startswith("ModuleNotFoundError")
