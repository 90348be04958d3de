"""The caretaker's round: opens the workstation, shows its window, closes everything in order."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import cast

from PySide6.QtWidgets import QApplication

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Language
from clinic_app.log_file import begin_log
from clinic_app.settings import LANGUAGE, WORKER_THREADS, load_settings
from clinic_app.workstation import Workstation, provision
from ui import language, theme
from ui.shell.crash_dialog import catch_faults
from ui.shell.main_window import MainWindow
from ui.shell.rounds import Rounds
from ui.shell.starting import open_clinic, refuse
from ui.tasks import TaskRunner


def run(options: argparse.Namespace) -> int:
    """Run the program until its window is closed; return the exit code.

    Args:
        options: what `main.parse` read: ``data``, ``provision`` and ``language``.
    """
    begin_log(options.data)
    application = QApplication(sys.argv[:1])
    language.use(options.language or language.current())
    try:
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
        return show(application, workstation, runner) if workstation is not None else 0
    except ClinicError as error:
        refuse(error)
        return 1
    finally:
        runner.close()
        if workstation is not None:
            workstation.close()


def show(application: QApplication, workstation: Workstation, runner: TaskRunner) -> int:
    """Show the window of an opened workstation until it is closed; return the exit code."""
    window = MainWindow(workstation, runner)
    catch_faults(window.events)
    window.show()
    if ready := os.environ.get("DALA_BENCH_READY"):
        window.when_usable(lambda: Path(ready).touch())
    return Rounds(application).through(application.exec)
