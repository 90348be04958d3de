"""Whose work an installation is: one text with every licence, and a bill of materials for programs.

A package that says nothing of its licence fails the build: what is not known may not be given away.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path
from typing import Final

from installer import runtime, tools

FOLDER: Final = "licences"
NOTICES: Final = "third-party.txt"
MATERIALS: Final = "materials.cdx.json"
_TEXTS: Final = re.compile(r"(licen[cs]e|copying|notice|authors|ofl)", re.IGNORECASE)
_LINE: Final = "=" * 100


@dataclass(frozen=True)
class Notice:
    """What one part says of itself.

    Args:
        name: of the package.
        version: its version.
        licence: as its own description names it.
        texts: what it wants to be passed on.
    """

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]


def notices_of(packages: Path) -> list[Notice]:
    """Return what every installed package says of itself, sorted by name.

    Raises:
        ValueError: one says nothing about its licence.
    """
    found = [_notice(folder) for folder in packages.glob("*.dist-info")]
    if silent := sorted(each.name for each in found if not each.licence and not each.texts):
        raise ValueError(f"nobody knows under which licence these are: {', '.join(silent)}")
    return sorted(found, key=lambda each: each.name.lower())


def _notice(folder: Path) -> Notice:
    head = BytesParser().parsebytes((folder / "METADATA").read_bytes(), headersonly=True)
    classifiers = [each for each in head.get_all("Classifier", []) if each.startswith("License ::")]
    named = head["License-Expression"] or (head["License"] or "").strip().partition("\n")[0]
    licence = named or "; ".join(each.rpartition(" :: ")[2] for each in classifiers)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _TEXTS.search(path.name))
    return Notice(
        str(head["Name"]),
        str(head["Version"]),
        str(licence),
        tuple(path.read_text("utf-8", "replace") for path in files),
    )


def write(app: Path, packages: Path, wanted: Path, root: Path) -> int:
    """Write the folder of licences; return how many packages it speaks of.

    Args:
        app: the folder that will be installed.
        packages: of the installed packages.
        wanted: the packages with their hashes, as they were installed.
        root: the checkout.

    Raises:
        ValueError: a package says nothing about its licence.
        tools.MissingToolError: the bill of materials could not be made.
    """
    folder = app / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found = notices_of(packages)
    parts = [_part(each) for each in (*_others(root, app), *found)]
    (folder / NOTICES).write_text("\n".join(parts), encoding="utf-8-sig", newline="\r\n")
    (folder / "dala.txt").write_text((root / "LICENSE").read_text("utf-8"), encoding="utf-8-sig", newline="\r\n")
    tools.run(
        sys.executable, "-m", "cyclonedx_py", "requirements", "--output-format", "JSON", "--output-reproducible",
        "--pyproject", root / "pyproject.toml", "--output-file", folder / MATERIALS, wanted,
    )  # fmt: skip
    return len(found)


def _others(root: Path, app: Path) -> list[Notice]:
    """Return Python itself and what was drawn by others."""
    own = app / runtime.LICENCE
    pythons = own.read_text("utf-8") if own.is_file() else _pythons()
    built = root / "resources" / "built"
    return [
        Notice("Python", "{}.{}".format(*runtime.MINOR), "PSF-2.0", (pythons,)),
        Notice("Inter", "", "OFL-1.1", ((built / "fonts" / "OFL.txt").read_text("utf-8"),)),
        Notice("Lucide", "", "ISC", ((built / "icons" / "NOTICE.txt").read_text("utf-8"),)),
    ]


def _pythons() -> str:
    """Return the licence of the Python on the building machine: beside its library, or above it on Windows."""
    code = "import os; print(os.__file__)"
    library = Path(tools.run(str(runtime.interpreter()), "-I", "-c", code).strip()).parent
    places = [folder / "LICENSE.txt" for folder in (library, library.parent)]
    return next((place for place in places if place.is_file()), places[0]).read_text("utf-8")


def _part(notice: Notice) -> str:
    head = f"{notice.name} {notice.version}".strip()
    return "\n".join([_LINE, head, f"Licence: {notice.licence or 'see below'}", _LINE, *notice.texts, ""])
