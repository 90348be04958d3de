"""``Dala-console.exe --firewall apply|remove|show``: the doors of this installation, for IT.

``apply`` makes the firewall fit the settings, ``remove`` takes every door of ours away, ``show`` changes nothing. Exit
codes: 0 it is so, 1 it is not, 2 the words on the command line are none.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from clinic_app.computer.firewall import NAMES, Door, Firewall, apply, shut, this_firewall, wanted_doors
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import LANGUAGES, Language, Text
from clinic_app.settings import load_settings

WORD: Final = "--firewall"
HUB_NAME: Final = "DalaHub"


def hub_folder(data: Path) -> Path:
    """Return the folder of this computer's hub: the one that is named, or beside the workstation's."""
    named = os.environ.get("DALA_HUB")
    return Path(named) if named else data.parent / HUB_NAME


def firewall_command(arguments: Sequence[str], data: Path, firewall: Firewall | None = None) -> int:
    """Do it and tell; return the exit code.

    Args:
        arguments: what follows the word on the command line.
        data: the data folder unless the command line names another.
        firewall: for tests, in place of this computer's.
    """
    parser = argparse.ArgumentParser(prog=f"dala {WORD}", description="The doors of this program in the firewall.")
    parser.add_argument("wish", choices=("apply", "remove", "show"), help="what to do")
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="data folder (default: %(default)s)")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of what is said")
    options = parser.parse_args(arguments)
    language = cast("Language", options.language)
    wall = firewall or this_firewall()
    try:
        if options.wish == "remove":
            for name in NAMES:
                wall.close(name)
            return 0
        wanted = wanted_doors(load_settings(options.data), hub_folder(options.data))
        if options.wish == "apply":
            apply(wall, wanted)
        closed = shut(wall, wanted)
    except ClinicError as error:
        print(error.text.render(language), file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    for door in wanted:
        print(_line(door, is_open=door not in closed).render(language))  # noqa: T201 - this is a command
    if not wanted:
        print(Text("No door is needed: nothing listens to the network.").render(language))  # noqa: T201
    return 1 if closed else 0


def _line(door: Door, *, is_open: bool) -> Text:
    if is_open:
        return Text("open: {name}, TCP port {port}", name=door.name, port=door.port)
    return Text("closed: {name}, TCP port {port}", name=door.name, port=door.port)
