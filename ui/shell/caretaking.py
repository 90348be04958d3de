"""The caretaker's round: opens the workstation, shows its window, closes everything in order."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QApplication

from clinic_app.computer.crash_reports import CrashWatch
from clinic_app.computer.preparing import PROVISION_FILE
from clinic_app.computer.system_log import heard_by_the_system
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.notices import ENDED, FELL, STARTED, tell
from clinic_app.foundation.texts import Language
from clinic_app.foundation.version import VERSION
from clinic_app.log_file import FOLDER, begin_log, log_folder
from clinic_app.settings import LANGUAGE, WORKER_THREADS, load_settings
from clinic_app.updates.starts import is_installed, note_well
from clinic_app.workstation import Workstation, provision
from ui import language, theme
from ui.shell.crash_dialog import catch_faults
from ui.shell.fall_dialog import FallDialog
from ui.shell.main_window import MainWindow
from ui.shell.qt_words import heard
from ui.shell.rounds import Rounds
from ui.shell.starting import open_clinic, refuse
from ui.tasks import TaskRunner


def run(options: argparse.Namespace) -> int:
    """Run the program until its window is closed; return the exit code.

    Args:
        options: what `main.parse` read: ``data``, ``provision`` and ``language``.
    """
    begin_log(options.data)
    folder = log_folder()
    watch = CrashWatch(folder or options.data / FOLDER, (f"Qt {qVersion()}",))
    with heard_by_the_system(), heard(watch.note_last_words):
        reports = watch.begin() if folder is not None else ()
        if reports:
            tell(FELL, len(reports))
        tell(STARTED, VERSION)
        code = _run(options, watch, reports)
        tell(ENDED)
        watch.end()
    return code


def _run(options: argparse.Namespace, watch: CrashWatch, reports: Sequence[Path]) -> int:
    application = QApplication(sys.argv[:1])
    application.aboutToQuit.connect(watch.note_end)
    language.use(options.language or language.current())
    try:
        if (prepared := options.data / PROVISION_FILE).is_file() and not options.provision:
            provision(options.data, prepared)
            prepared.unlink()  # it holds passwords
        if options.provision:
            provision(options.data, options.provision)
        settings = load_settings(options.data)
        language.use(cast("Language", options.language or settings[LANGUAGE]))
        theme.apply(application, "light")
    except ClinicError as error:
        refuse(error)
        return 1
    runner = TaskRunner(settings[WORKER_THREADS])
    workstation: Workstation | None = None
    try:
        workstation = open_clinic(settings, runner)
        return show(application, workstation, runner, watch, reports) if workstation is not None else 0
    except ClinicError as error:
        refuse(error)
        return 1
    finally:
        runner.close()
        if workstation is not None:
            workstation.close()


def show(
    application: QApplication,
    workstation: Workstation,
    runner: TaskRunner,
    watch: CrashWatch,
    reports: Sequence[Path] = (),
) -> int:
    """Show the window of an opened workstation until it is closed; return the exit code.

    Args:
        application: Qt's.
        workstation: the opened one.
        runner: the way into the background.
        watch: writes down what nobody caught.
        reports: what former runs have left.
    """
    window = MainWindow(workstation, runner)
    catch_faults(window.events, watch.report)
    window.show()
    if is_installed():  # somebody can sign in: what the task that installs updates waits to know
        window.when_usable(lambda: note_well(workstation.settings.folder, VERSION))
    if reports:
        window.when_usable(lambda: FallDialog(reports[0].parent, window).open())
    if ready := os.environ.get("DALA_BENCH_READY"):
        window.when_usable(lambda: Path(ready).touch())
    return Rounds(application).through(application.exec)
