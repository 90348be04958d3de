"""``main.py --selftest``: looks this computer through, prints what it found, and tells by its exit code.

``--json FILE`` keeps the same for a script and ``--text FILE`` for a person; a program with windows has no console on
Windows, so there a file (or ``Dala-console.exe``) is the way. Exit codes: 0 people can work here, 1 something has to be
mended, 2 the words on the command line are none.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from clinic_app.computer.system_log import heard_by_the_system
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.notices import SELFTEST_FAILED, tell
from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.selftest.checks import CHECKS, Finding, Place, look_through
from clinic_app.selftest.report import as_json, as_lines, has_held
from clinic_app.settings import Settings, load_settings

WORD: Final = "--selftest"


def selftest(arguments: Sequence[str], data: Path) -> int:
    """Look through and tell; return the exit code.

    Args:
        arguments: what follows the word on the command line.
        data: the data folder unless the command line names another.
    """
    options = _parse(arguments, data)
    language = cast("Language", options.language)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console that lacks Kazakh letters shows their numbers
        sys.stdout.reconfigure(errors="backslashreplace")
    if options.only:
        found = look_through(Place.of(Settings(options.data)), [each for each in CHECKS if each[0] in options.only])
    else:
        found = _look_at_all(options.data)
    print(as_lines(found, language))  # noqa: T201 - this is a command
    try:
        if options.json:
            write_atomically(options.json, (as_json(found, language),))
        if options.text:
            write_atomically(options.text, ((as_lines(found, language) + "\n").encode("utf-8-sig"),))
    except ClinicError as error:
        print(error.text.render(language), file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    if not has_held(found):
        with heard_by_the_system():
            tell(SELFTEST_FAILED, ", ".join(each.name for each in found if each.outcome == "failed"))
    return 0 if has_held(found) else 1


def _look_at_all(data: Path) -> list[Finding]:
    """Make every check; with settings that cannot be read the others are made as on a new computer."""
    try:
        return look_through(Place.of(load_settings(data)))
    except ClinicError as error:
        return [Finding("settings", "failed", error.text, 0.0), *look_through(Place.of(Settings(data)))]


def _parse(arguments: Sequence[str], data: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"dala {WORD}", description="See whether people can work on this computer.")
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="data folder (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the report for a script")
    parser.add_argument("--text", type=Path, metavar="FILE", help="keep the report for a person")
    parser.add_argument("--only", type=_names, default=(), metavar="NAME,NAME", help="these checks, without settings")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the report")
    return parser.parse_args(arguments)


def _names(words: str) -> tuple[str, ...]:
    known, wanted = {name for name, _check in CHECKS}, tuple(words.split(","))
    if strange := [each for each in wanted if each not in known]:
        raise argparse.ArgumentTypeError(f"there is no check {', '.join(strange)}")
    return wanted
