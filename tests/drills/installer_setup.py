"""What happens to a computer on which Dala is installed by Setup: installed, updated, refused, removed, removed whole.

Each function takes steps of the `Trial`. They hold for the program as it is built, and for a small stand-in of it by
which the trial tries itself (`installer_mutants`).
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from tests.drills.installer_trial import (
    FOLDER,
    FORMER,
    KEY,
    NEWER,
    Trial,
    former_files,
    is_data,
    leftovers,
    missing_of,
    older_windows,
    refusal_of_removal,
    within,
)  # fmt: skip

GONE_WITHIN_S: Final = 60.0
IS_OLD_WINDOWS: Final = 11
IS_RUNNING: Final = 12
IS_OLDER: Final = 13
OF_SOMEBODY_ELSE: Final = "somebody else's"
LINKS: Final = ("before-update", "before-update.part", "link")
"""Names in the folder of the data that a clinic user has lead to what is not his."""


def install(trial: Trial) -> None:
    """Install the former version on a computer that has none; an older Windows is refused."""
    trial.step("older Windows is refused", lambda: refused_by_older_windows(trial), (IS_OLD_WINDOWS, ""))
    trial.step("install", lambda: (trial.prefix.run(trial.setup(FORMER), "/S", "/LANGUAGE=kk").code,
               trial.version_there()), (0, str(FORMER)))  # fmt: skip
    trial.step("every file is there", lambda: missing_of(trial.folder / "former", trial.installed), [])
    trial.step("first settings are written", lambda: settings(trial), ["kk"])


def refuse_while_running(trial: Trial) -> None:
    """Have Setup and the removal refuse, while the program runs."""
    trial.step("running copy is refused", lambda: (trial.prefix.run(trial.setup(NEWER), "/S").code,
               trial.version_there()), (IS_RUNNING, str(FORMER)))  # fmt: skip
    trial.step("removal of a running copy is refused", lambda: (refusal_of_removal(trial),
               missing_of(trial.folder / "former", trial.installed)), (str(IS_RUNNING), []))  # fmt: skip


def update(trial: Trial) -> None:
    """Install the newer version over it; there is no way back."""
    if not trial.is_whole:  # two Setups more: the small one shows it in seconds
        trial.step("a file that cannot be written is a fault", lambda: is_stopped_by_a_file(trial), (2, 0))
    lay_links(trial)
    trial.step("update", lambda: (trial.prefix.run(trial.setup(NEWER), "/S").code, trial.version_there()),
               (0, str(NEWER)))  # fmt: skip
    trial.step("links among the data are not followed", lambda: take_links(trial), ["kept.txt"])
    trial.step("former files are gone", lambda: former_files(trial), [])
    trial.step("data were copied first", (updates(trial) / "before" / "clinic.db").is_file)
    trial.step("downgrade is refused", lambda: (trial.prefix.run(trial.setup(FORMER), "/S").code,
               trial.version_there()), (IS_OLDER, str(NEWER)))  # fmt: skip


def remove(trial: Trial, before: set[str]) -> None:
    """Remove the program; the data stay.

    Args:
        trial: this one.
        before: every file of the drive before anything was installed.
    """
    trial.step("remove", lambda: is_removed(trial))
    trial.prefix.restart()  # what removes the program cannot remove itself; Windows does that when it starts
    left = leftovers(before, trial.prefix.drive)
    trial.figures["leftovers"] = left
    trial.step("only data are left", lambda: [each for each in left if not is_data(each)], [])
    trial.step("data are still there", (trial.data / "clinic.db").is_file)


def is_without_data(trial: Trial) -> bool:
    """Return whether nothing of the data is left."""
    return not trial.data.exists() or all(each.is_symlink() for each in trial.data.iterdir())


def updates(trial: Trial) -> Path:
    """Return where administrators alone write, beside the program."""
    return trial.prefix.drive / "Program Files" / "Dala Updates"


def is_stopped_by_a_file(trial: Trial) -> tuple[int, int]:
    """Return how Setup ends where it cannot write one of its files, and then where it can again and mends another."""
    there, aside = trial.installed / "python313.dll", trial.folder / "python313.dll"
    there.replace(aside)
    (there / "in the way").mkdir(parents=True)
    stopped = trial.prefix.run(trial.setup(FORMER), "/S").code
    shutil.rmtree(there)
    (trial.installed / "Dala-hub.exe").write_bytes(b"damaged")
    return stopped, trial.prefix.run(trial.setup(FORMER), "/S").code


def lay_links(trial: Trial, names: tuple[str, ...] = LINKS) -> None:
    """Lay links among the data, as whoever works at the computer can."""
    place = trial.prefix.drive / OF_SOMEBODY_ELSE
    place.mkdir(exist_ok=True)
    (place / "kept.txt").write_text("kept", encoding="ascii")
    for name in names:
        (trial.data / name).symlink_to(place, target_is_directory=True)


def take_links(trial: Trial) -> list[str]:
    """Take the links away; return what is left of the other's files."""
    place = trial.prefix.drive / OF_SOMEBODY_ELSE
    found = [each.name for each in place.iterdir()] if place.is_dir() else []
    for name in LINKS:
        if (trial.data / name).is_symlink():
            (trial.data / name).unlink()
    shutil.rmtree(place, ignore_errors=True)
    return found


def settings(trial: Trial) -> list[str]:
    """Return the languages in the settings that Setup has written."""
    return re.findall(r"^language = ['\"](\w+)", (trial.data / "settings.toml").read_text("utf-8"), re.MULTILINE)


def refused_by_older_windows(trial: Trial) -> tuple[int, str]:
    """Run Setup on an older Windows; return its exit code and what is installed then."""
    with older_windows(trial):
        return trial.prefix.run(trial.setup(FORMER), "/S").code, trial.version_there()


def is_removed(trial: Trial) -> bool:
    """Remove the program as Windows' list of programs would do it silently; return whether it is gone."""
    words = trial.prefix.registry(KEY)["QuietUninstallString"]
    trial.prefix.run(words.split('"')[1], *words.split('"')[2].split())
    return within(GONE_WITHIN_S, lambda: not trial.installed.exists()) and not trial.prefix.registry(KEY)


def purge(trial: Trial) -> None:
    """Install again and remove with the data: not without the word that confirms it."""
    trial.step("removal with the data", lambda: is_purged(trial))


def is_purged(trial: Trial) -> bool:
    """Return whether the data go with the program when that is confirmed by the right word, and only then.

    What a link among the data leads to stays; the link itself wine leaves behind.
    """
    lay_links(trial, LINKS[-1:])
    wrong, right = ("/PURGE=1", "/CONFIRM=YES"), ("/PURGE=1", "/CONFIRM=DELETE-PATIENT-DATA")
    found = []
    for words in (wrong, right) if trial.is_whole else (("/PURGE=1",), right[1:], wrong, right):
        trial.prefix.run(trial.setup(FORMER), "/S")  # it is the quicker one
        trial.prefix.run(f"{FOLDER}\\uninstall.exe", "/S", *words)
        within(GONE_WITHIN_S, lambda: not trial.installed.exists())
        found.append(not within(5 if words == right else 2, lambda: is_without_data(trial)))
    return found == [True] * (len(found) - 1) + [False] and take_links(trial) == ["kept.txt"]
