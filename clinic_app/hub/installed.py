"""The hub of an installation: ``Dala-hub.exe``, as Windows' service or with a command of the hub.

Everything of it lies in one folder: ``hub.toml`` says how it is started, ``data`` holds the records, ``key`` their key,
``logs`` the log. Without a word on the command line it serves; any other word is a command of `clinic_app.hub`, which
is told the folders.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from clinic_app.computer.system_log import heard_by_the_system
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.notices import HUB_ENDED, HUB_FELL, tell
from clinic_app.foundation.texts import Text
from clinic_app.hub.__main__ import main as run_hub
from clinic_app.log_file import FOLDER as LOG_FOLDER
from clinic_app.log_file import LogFile
from clinic_app.settings import read_toml

FOLDER_VARIABLE: Final = "DALA_HUB"
FILE_NAME: Final = "hub.toml"
NEW_FILE: Final = """\
# How the hub on this computer is started: the options of the hub by their names, without the two hyphens.
# After a change:  Dala-hub.exe --stop-service  and  Dala-hub.exe --start-service
port = 8443
# Only this computer reaches the hub until there is a certificate; then:
#host = '0.0.0.0'
#certificate = 'C:\\ProgramData\\DalaHub\\tls\\hub.pem'
#certificate-key = 'C:\\ProgramData\\DalaHub\\tls\\hub.key'
#name = 'District hospital'
#address = 'https://hub.hospital.example:8443'
#backup-folder = 'E:\\Backups'
#announce = true
"""
_FOR_COMMANDS: Final = ("database",)
"""The options that commands share with the hub that serves."""
_LONGEST_LINE: Final = 500
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, or run a command; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    place = os.environ.get(FOLDER_VARIABLE, "")
    if not place:
        return _refuse(f"The variable {FOLDER_VARIABLE} names no folder.")
    folder = Path(place)
    try:
        words = words_of(folder, given)
    except (ClinicError, OSError) as error:
        return _refuse(str(error))
    return run_hub(words) if given else _serve(folder, words)


def words_of(folder: Path, given: Sequence[str]) -> list[str]:
    """Return what the hub's own command line is told.

    Args:
        folder: of the installation's hub; a file that says how it starts is put into an empty one.
        given: a command with its words; nothing to serve.

    Raises:
        InvalidInputError: the file cannot be read, or says what no option can be.
        StorageError: the disk refused it.
    """
    path = folder / FILE_NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (NEW_FILE.encode(),))
    try:
        told = read_toml(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError(Text("The settings file {path} cannot be read.", path=path)) from error
    places = ["--data", str(folder / "data"), "--key-file", str(folder / "key" / "hub.key")]
    if not given:
        return [*places, *_options(told)]
    return [given[0], *places, *_options({key: told[key] for key in _FOR_COMMANDS if key in told}), *given[1:]]


def _options(told: Mapping[str, object]) -> list[str]:
    words = []
    for key, value in told.items():
        if isinstance(value, bool):
            words += [f"--{key}"] if value else []
        elif isinstance(value, (str, int, float)):
            words.append(f"--{key}={value}")
        else:
            raise InvalidInputError(Text("The setting “{key}” cannot be “{value}”.", key=key, value="…"), key)
    return words


class _LastLine(io.TextIOBase):
    """A console for a program without one: of what is said there the last line is kept, why it does not start."""

    def __init__(self) -> None:
        super().__init__()
        self.line = ""

    def write(self, words: str) -> int:
        """Keep the last line with words in it."""
        lines = [line for line in words.splitlines() if line.strip()]
        self.line = lines[-1][:_LONGEST_LINE] if lines else self.line
        return len(words)


def _serve(folder: Path, words: Sequence[str]) -> int:
    """Serve; a service has no console, so what it says is in its log and in the system's."""
    file, said = LogFile(folder / LOG_FOLDER), _LastLine()
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(file)
    former = sys.stdout, sys.stderr, threading.excepthook
    sys.stdout, sys.stderr, threading.excepthook = io.StringIO(), said, _note_thread
    try:
        with heard_by_the_system():
            code = _run(words)
            if code and said.line:  # a sentence about its options or its folder
                file.handle(logging.makeLogRecord({"name": "dala", "levelname": "ERROR", "msg": said.line}))
            tell(HUB_FELL, f"code {code}") if code else tell(HUB_ENDED)
            return code
    finally:
        sys.stdout, sys.stderr, threading.excepthook = former
        root.removeHandler(file)
        file.close()


def _run(words: Sequence[str]) -> int:
    try:
        return run_hub(words)
    except SystemExit as ended:  # its options are none, or it was told to stop
        return ended.code if isinstance(ended.code, int) else 1
    except Exception:  # noqa: BLE001 - a border: a service dies silently
        _log.critical("the hub has fallen", exc_info=True)
        return 1


def _note_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _log.critical("nobody caught this in a thread", exc_info=args.exc_value)


def _refuse(words: str) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"{words}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
