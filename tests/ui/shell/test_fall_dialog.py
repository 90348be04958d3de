"""After a fall: what the person sees, and what Qt says on the way down."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from PySide6.QtCore import QUrl, qInstallMessageHandler, qWarning
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.fall_dialog import FallDialog
from ui.shell.qt_words import heard

ROOT = Path(__file__).parents[3]
NAME = "Үлгібаева-Құпия"


@pytest.fixture(autouse=True)
def spoken() -> Iterator[None]:
    former = language.current()
    language.use("en")
    yield
    language.use(former)


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> Iterator[FallDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    made = FallDialog(tmp_path / "logs", window)
    window.show()
    made.open()
    yield made
    made.close()


def words_of(dialog: FallDialog) -> str:
    return "\n".join(each.text() for each in dialog.findChildren(QLabel)).replace("\u200b", "")


def test_it_says_what_happened_and_where_the_report_is(dialog: FallDialog, tmp_path: Path) -> None:
    assert "ended unexpectedly" in dialog.windowTitle()
    assert str(tmp_path / "logs") in words_of(dialog)
    assert "call IT" in words_of(dialog)


def test_the_key_that_is_pressed_anyhow_goes_on_working(dialog: FallDialog) -> None:
    close = dialog.findChild(QPushButton, "fall.close")
    assert close is not None
    assert close.isDefault()
    close.click()
    wait_until(lambda: not dialog.isVisible())


def test_the_folder_is_opened(dialog: FallDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(unquote(url.toLocalFile()))
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    show = dialog.findChild(QPushButton, "fall.folder")
    assert show is not None
    show.click()
    assert opened == [str(tmp_path / "logs")]


@pytest.mark.parametrize("chosen", ["kk", "ru"])
def test_it_is_said_in_the_language_of_the_windows(qtbot: QtBot, tmp_path: Path, chosen: language.Language) -> None:
    language.use(chosen)
    window = QWidget()
    qtbot.addWidget(window)
    assert "unexpectedly" not in words_of(FallDialog(tmp_path, window))


def test_what_qt_says_is_logged_by_its_kind_alone(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    last: list[str] = []
    former = qInstallMessageHandler(None)  # pytest-qt's
    try:
        with heard(last.append):
            qWarning(f"could not draw {NAME}")
    finally:
        qInstallMessageHandler(former)
    (record,) = [each for each in caplog.records if each.name == "ui.shell.qt_words"]
    assert record.levelname == "WARNING"
    assert NAME not in record.getMessage()
    assert NAME in capsys.readouterr().err, "a console is told"
    assert last == []


def test_qts_last_words_stand_in_the_report_and_nothing_else_it_says(tmp_path: Path) -> None:
    script = f"""
        from pathlib import Path
        from PySide6.QtCore import QThread
        from clinic_app.computer.crash_reports import CrashWatch
        from ui.shell.qt_words import heard
        watch = CrashWatch(Path({str(tmp_path)!r}))
        watch.begin()
        with heard(watch.note_last_words):
            thread = QThread(objectName={NAME!r})
            thread.start()
            del thread
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, check=False, capture_output=True, timeout=60
    )
    assert done.returncode == -signal.SIGABRT
    told = next(tmp_path.glob("running-*")).read_text(encoding="utf-8", errors="replace")
    assert "Qt ended the process: QThread: Destroyed while thread\n" in told
    assert "Fatal Python error: Aborted" in told
    assert NAME not in told
