"""The caretaker: reads the arguments, opens the workstation, shows its window, closes everything in order."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import platformdirs
from PySide6.QtWidgets import QApplication

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.foundation.version import VERSION
from clinic_app.log_file import begin_log
from clinic_app.settings import LANGUAGE, WORKER_THREADS, load_settings
from clinic_app.workstation import Workstation, provision
from ui import language, theme
from ui.shell.crash_dialog import catch_faults
from ui.shell.main_window import MainWindow
from ui.shell.rounds import Rounds
from ui.shell.starting import open_clinic, refuse
from ui.tasks import TaskRunner


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked on the command line."""
    parser = argparse.ArgumentParser(prog="dala", description="The clinic workstation for district hospitals.")
    default = Path(platformdirs.user_data_dir("Dala", appauthor=False))
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help="data folder (default: %(default)s)")
    parser.add_argument("--provision", type=Path, metavar="FILE", help="set up an empty data folder from a TOML file")
    parser.add_argument("--language", choices=LANGUAGES, help="language of the sign-in window")
    parser.add_argument("--version", action="version", version=f"Dala {VERSION}")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program until its window is closed; return the exit code."""
    options = parse(arguments)
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


if __name__ == "__main__":
    sys.exit(main())
