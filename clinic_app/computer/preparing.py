"""``Dala-console.exe --prepare``: what Setup and the package were told by options, for the first start.

Language and address of the hub are written into the settings of a computer that has none yet. A code for the
hub, and a file that sets the workstation up, lie in the data folder until the next start has used them. An option that
is empty is none: a package for group policy cannot leave one out. Exit codes: 0 done, 1 refused, 2 the words are none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.settings import FILE_NAME, HUB_URL, LANGUAGE, Settings, read_toml, save_settings
from clinic_app.sync.arrival import arrival_of, keep_arrival
from clinic_app.sync.link import is_private

WORD: Final = "--prepare"
PROVISION_FILE: Final = "first-start.toml"


def prepare_command(arguments: Sequence[str], data: Path) -> int:
    """Write down what was told; return the exit code.

    Args:
        arguments: what follows the word on the command line.
        data: the data folder unless the command line names another.
    """
    parser = argparse.ArgumentParser(prog=f"dala {WORD}", description="Write down what the first start finds.")
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="data folder (default: %(default)s)")
    parser.add_argument("--language", choices=("", *LANGUAGES), default="", help="of the sign-in window")
    parser.add_argument("--hub", default="", metavar="ADDRESS", help="address of the hub")
    parser.add_argument("--enrol", default="", metavar="CODE", help="code of the hub")
    parser.add_argument("--hub-certificate", default="", metavar="SHA256", help="fingerprint, for a hub with its own")
    parser.add_argument("--provision", default="", metavar="FILE", help="what sets the workstation up, see --provision")
    options = parser.parse_args(arguments)
    try:
        _prepare(options)
    except ClinicError as error:
        print(error.text.render("en"), file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    return 0


def _prepare(options: argparse.Namespace) -> None:
    """Look at everything first, then write.

    Raises:
        InvalidInputError: one of the options is not right; nothing was written.
        StorageError: the disk refused it.
    """
    hub = options.hub.strip().rstrip("/")
    if hub and not is_private(hub):
        raise InvalidInputError(Text("Type the address of the hub; it begins with https://."))
    arrival = arrival_of(options.enrol, options.hub_certificate) if options.enrol.strip() else None
    form = _form(Path(options.provision)) if options.provision.strip() else b""
    options.data.mkdir(parents=True, exist_ok=True)
    told = {LANGUAGE.key: options.language, HUB_URL.key: hub}
    values: dict[str, str | int] = {key: value for key, value in told.items() if value}
    if values and not (options.data / FILE_NAME).exists():
        save_settings(Settings(options.data, values))
    if arrival is not None:
        keep_arrival(options.data, arrival)
    if form:
        write_atomically(options.data / PROVISION_FILE, (form,))


def _form(path: Path) -> bytes:
    try:
        read_toml(path)
        with disk_errors(path):
            return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InvalidInputError(Text("The file {name} cannot be used to set up.", name=path.name)) from error
