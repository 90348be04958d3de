"""The package for group policy: installed, updated, refused and removed, over data that are there already.

It comes to a computer from which Setup's installation was removed, so that the patients' data have to outlive the
change from one kind of installation to the other, the update, and the removal.
"""

from __future__ import annotations

from typing import Final

from installer import tools
from installer.versions import Version
from tests.drills import installer_inside
from tests.drills.installer_prefix import Prefix
from tests.drills.installer_trial import (
    FORMER,
    NEWER,
    ONLY_FORMER,
    Trial,
    files_of,
    former_files,
    inside,
    is_data,
    leftovers,
    missing_of,
    older_windows,
    refusal,
    self_test,
    there,
)  # fmt: skip

BY_PACKAGE: Final = 16
_HEAD_LINES: Final = 3
"""Names, types and keys of a table come before its rows."""


def go_through(trial: Trial) -> None:
    """Install, update and remove by the package; Setup keeps away meanwhile."""
    before, prefix = files_of(trial.prefix.drive), trial.prefix
    trial.step("package's identities are stable", lambda: unstable(trial), [])
    trial.step("package refuses an older Windows", lambda: refused_by_older_windows(trial), (True, []))
    trial.step("package installs", lambda: (msi(trial, "/i", FORMER), there(trial)), (0, [str(FORMER)]))
    if trial.is_whole:
        trial.step("package's self-test", lambda: self_test(trial), [])
    trial.step("setup keeps away from the package", lambda: (prefix.run(trial.setup(NEWER), "/S").code,
               refusal(trial)), (BY_PACKAGE, "16"))  # fmt: skip
    trial.step("package updates", lambda: (msi(trial, "/i", NEWER), there(trial)), (0, [str(NEWER)]))
    trial.step("package took former files away", lambda: former_files(trial), [])
    trial.step("package is whole", lambda: missing_of(trial.folder / "app", trial.installed), [])
    if trial.is_whole:
        trial.step("package keeps the data", lambda: inside(trial), (str(NEWER), installer_inside.TYPED))
    trial.step("package refuses the downgrade", lambda: (msi(trial, "/i", FORMER) != 0, there(trial)),
               (True, [str(NEWER)]))  # fmt: skip
    trial.step("package removes", lambda: (msi(trial, "/x", NEWER), there(trial)), (0, []))
    trial.step("package leaves only data", lambda: [each for each in leftovers(before, prefix.drive)
               if not is_data(each) and not each.startswith(".")], [])  # fmt: skip
    trial.step("package leaves the data", (trial.data / "clinic.db").is_file)


def msi(trial: Trial, verb: str, version: Version) -> int:
    """Have Windows Installer install (``/i``) or remove (``/x``) a version; return its exit code."""
    return trial.prefix.run("msiexec", verb, Prefix.named(trial.package(version)), "/qn").code


def refused_by_older_windows(trial: Trial) -> tuple[bool, list[str]]:
    """Install on an older Windows; return whether that was refused, and what is installed then."""
    with older_windows(trial):
        return msi(trial, "/i", FORMER) != 0, there(trial)


def unstable(trial: Trial) -> list[str]:
    """Return what the tables of both versions do not agree on, though Windows Installer goes by it."""
    tables = [{name: table(trial, version, name) for name in ("Component", "File", "Upgrade", "Property")}
              for version in (FORMER, NEWER)]  # fmt: skip
    return compare(*tables)


def table(trial: Trial, version: Version, name: str) -> list[list[str]]:
    """Return the rows of a table of a package."""
    said = tools.run("msiinfo", "export", trial.package(version), name)
    return [line.split("\t") for line in said.replace("\r", "").splitlines()[_HEAD_LINES:] if line]


def compare(former: dict[str, list[list[str]]], newer: dict[str, list[list[str]]]) -> list[str]:
    """Return where two packages differ in what has to stay, or are the same in what has to change."""
    found = []
    components = [{row[0]: row[1] for row in each["Component"]} for each in (former, newer)]
    shared = components[0].keys() & components[1].keys()
    found += [f"{name} has another identity" for name in sorted(shared) if components[0][name] != components[1][name]]
    for each in components:
        found += ["two components have one identity"] * (len(set(each.values())) != len(each))
    leaving = {row[1] for row in former["File"] if row[2].endswith(ONLY_FORMER[0].name)}
    found += [
        f"{name} is in one version only" for name in sorted((components[0].keys() ^ components[1].keys()) - leaving)
    ]
    files = [{row[1]: row[2] for row in each["File"]} for each in (former, newer)]
    found += [f"{name} holds another file" for name in sorted(shared) if files[0].get(name) != files[1].get(name)]
    found += _compare_products(*({row[0]: row[1] for row in each["Property"]} for each in (former, newer)))
    return found + ([] if former["Upgrade"] and newer["Upgrade"] else ["there is no update in the tables"])


def _compare_products(former: dict[str, str], newer: dict[str, str]) -> list[str]:
    found = [] if former["UpgradeCode"] == newer["UpgradeCode"] else ["the versions are not of one family"]
    return found + (["both versions are one product"] if former["ProductCode"] == newer["ProductCode"] else [])
