"""The check of the installation itself: its files are those that were built, and by whom they are signed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clinic_app.foundation.texts import Text
from clinic_app.selftest.program_files import (
    PROGRAM,
    Differences,
    differences,
    program_folder,
    read_list,
    signer_of,
)

if TYPE_CHECKING:
    from clinic_app.selftest.authenticode_windows import Verdict
    from clinic_app.selftest.checks import Outcome, Place

_MOST_NAMED: Final = 5


def signature(_place: Place) -> tuple[Outcome, Text]:
    """Compare every file of the installed program with the list that was built with it, and read its signature."""
    return look_at(program_folder(), _system_verdict())


def look_at(folder: Path | None, verdict: Callable[[Path], Verdict] | None) -> tuple[Outcome, Text]:
    """Return what there is to say of an installation.

    Args:
        folder: of the program; None where it runs from a checkout.
        verdict: what the system says about a program's signature; None where it knows nothing of such.

    Raises:
        UnreadableFileError: the list or its signature is damaged or forged.
    """
    listed = read_list(folder) if folder is not None else None
    if folder is None:
        return "ok", Text("The program runs from its sources; there is no installation to check.")
    if listed is None:
        return "failed", Text("The list of the program's files is missing. Install it again; the data stay.")
    if words := _told(differences(folder, listed)):
        return "failed", words
    signer = signer_of(folder)
    if signer is None:
        words = Text("All {count} files of the program are as they were built. Nobody has signed this build.",
                     count=len(listed.files))  # fmt: skip
        return "warning", words
    said = verdict(folder / PROGRAM) if verdict is not None else "signed"
    if said in {"broken", "unsigned"}:
        return "failed", Text("The signature of {name} does not hold. Install it again; the data stay.", name=PROGRAM)
    if said == "untrusted":
        words = Text("All {count} files are as “{signer}” signed them; this computer does not trust that certificate.",
                     count=len(listed.files), signer=signer.name)  # fmt: skip
        return "warning", words
    return "ok", Text("All {count} files are as “{signer}” signed them.", count=len(listed.files),
                      signer=signer.name)  # fmt: skip


def _told(found: Differences) -> Text | None:
    """Return the worst of it in a sentence."""
    if found.changed:
        return Text("These files of the program were changed: {names}. Install it again; the data stay.",
                    names=_some(found.changed))  # fmt: skip
    if found.missing:
        return Text("These files of the program are missing: {names}. Install it again; the data stay.",
                    names=_some(found.missing))  # fmt: skip
    if found.added:
        return Text("These files do not belong to the program: {names}. Find out who put them there.",
                    names=_some(found.added))  # fmt: skip
    return None


def _some(names: tuple[str, ...]) -> str:
    more = f" (+{len(names) - _MOST_NAMED})" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _system_verdict() -> Callable[[Path], Verdict] | None:
    if sys.platform == "win32":
        from clinic_app.selftest.authenticode_windows import verdict_of

        return verdict_of
    return None
