"""The caretaker's desk: reads the arguments and opens the right door: a command without windows, or the program.

A command loads nothing that draws; the way of the windows is `ui.shell.caretaking`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from clinic_app.foundation.texts import LANGUAGES
from clinic_app.foundation.version import VERSION
from clinic_app.updates.starts import is_installed, note_begun


def data_folder() -> Path:
    """Return where the data lie unless the command line says otherwise.

    An installation for everybody on a computer names the folder by the variable ``DALA_DATA``.
    """
    named = os.environ.get("DALA_DATA")
    return Path(named) if named else Path(platformdirs.user_data_dir("Dala", appauthor=False))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked on the command line."""
    parser = argparse.ArgumentParser(prog="dala", description="The clinic workstation for district hospitals.")
    parser.add_argument(
        "--data", type=Path, default=data_folder(), metavar="DIR", help="data folder (default: %(default)s)"
    )
    parser.add_argument("--provision", type=Path, metavar="FILE", help="set up an empty data folder from a TOML file")
    parser.add_argument("--language", choices=LANGUAGES, help="language of the sign-in window")
    parser.add_argument("--version", action="version", version=f"Dala {VERSION}")
    parser.epilog = "dala convert --help: a recording from one format into another, without a window; "
    parser.epilog += "dala view --help: images without a patient, in a window or as a picture file; "
    parser.epilog += "dala --selftest --help: whether people can work on this computer; "
    parser.epilog += "dala --firewall --help: the doors of this program in the firewall"
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, or the program until its window is closed; return the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["convert"]:
        from clinic_app.convert_command import convert

        return convert(words[1:])
    if words[:1] == ["view"]:
        from ui.imaging.view_command import view

        return view(words[1:])
    if words[:1] == ["--selftest"]:
        from clinic_app.selftest import selftest

        return selftest(words[1:], data_folder())
    if words[:1] == ["--prepare"]:
        from clinic_app.computer.preparing import prepare_command

        return prepare_command(words[1:], data_folder())
    if words[:1] == ["--firewall"]:
        from clinic_app.computer.firewall_command import firewall_command

        return firewall_command(words[1:], data_folder())
    if words[:1] == ["--install-update"]:
        from clinic_app.updates.task import install_update

        return install_update(words[1:], data_folder())
    if words[:1] == ["--take-update"]:
        from clinic_app.updates.take_command import take_update

        return take_update(words[1:], data_folder())
    options = parse(words)
    if is_installed():
        note_begun(options.data, VERSION)
    from ui.shell.caretaking import run

    return run(options)


if __name__ == "__main__":
    sys.exit(main())
