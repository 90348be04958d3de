"""``Dala.exe --take-update FOLDER|FILE``: a release comes on a stick instead of through the hub.

It is verified as one from the hub is, and lies ready for the task, which installs it when nobody works. Exit codes: 0
it lies ready, or this computer has the newest already; 1 refused with a sentence; 2 a wrong command line.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.foundation.version import VERSION
from clinic_app.updates.installed import installed_here
from clinic_app.updates.shelf import shelf_of
from clinic_app.updates.sources import opened_source

WORD: Final = "--take-update"
NOT_INSTALLED: Final = Text("This copy of the program is not updated by itself: it takes no releases.")


def take_update(arguments: Sequence[str], data: Path) -> int:
    """Take a release from a stick; return the exit code.

    Args:
        arguments: what follows the word on the command line.
        data: the data folder unless the command line names another.
    """
    options = _parse(arguments, data)
    language = cast("Language", options.language)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        words = taken(options.stick, options.data)
    except ClinicError as error:
        sys.stderr.write(f"{error.text.render(language)}\n")
        return 1
    sys.stdout.write(f"{words.render(language)}\n")
    return 0


def taken(stick: Path, data: Path) -> Text:
    """Take the newest release of a stick, and say what came of it.

    Raises:
        InvalidInputError: this copy of the program takes none.
        UnreadableFileError: it is not believed, or damaged.
        StorageError: it cannot be kept.
    """
    installed = installed_here()
    if installed is None:
        raise InvalidInputError(NOT_INSTALLED)
    with opened_source(stick) as source:
        release = shelf_of(data, installed).take(source)
    if release is None:
        return Text("This computer has version {version}; there is nothing newer.", version=VERSION)
    return Text("Version {version} lies ready and is installed when nobody works.", version=release.version)


def _parse(arguments: Sequence[str], data: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"dala {WORD}", description="Take a new version of the program from a stick.")
    parser.add_argument("stick", type=Path, metavar="FOLDER|FILE", help="folder of releases, or a .dala-update file")
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="data folder (default: %(default)s)")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of what is said")
    return parser.parse_args(arguments)
