"""Makes ``resources/built``: fonts, icons and catalogues, from packages and from the texts of the rooms.

Nothing in there is written by hand and nothing of it is in the repository. Each part remembers what it was made from
and is left alone while that stays the same, so that running this before every start costs next to nothing.

Run as ``python installer/build_resources.py``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
BUILT: Final = ROOT / "resources" / "built"
TEXTS: Final = ROOT / "resources" / "texts"
sys.path.insert(0, str(ROOT))

from installer.catalogues import write_catalogue  # noqa: E402 - found only now that the root is on the path
from installer.icon_names import ICON_NAMES  # noqa: E402

LANGUAGES: Final = ("kk", "ru")
FONT_WEIGHTS: Final = {"Regular": 400, "SemiBold": 600, "Bold": 700}
OPTICAL_SIZE: Final = 14
"""Inter's text cut; its display cut is for head-lines."""


def build(built: Path = BUILT, texts: Path = TEXTS) -> list[str]:
    """Make what is missing or out of date.

    Args:
        built: folder to write to.
        texts: folder with one folder of ``.po`` files per language.

    Returns:
        The names of the parts that were made anew.

    Raises:
        CatalogueError: the texts of a language contradict themselves or are incomplete.
    """
    made = []
    here = Path(__file__)
    fonts_mark = f"{_version('fontpkg-inter')} {_version('fonttools')} {FONT_WEIGHTS} {OPTICAL_SIZE}"
    if _renew(built / "fonts", fonts_mark, _cut_fonts):
        made.append("fonts")
    if _renew(built / "icons", f"{_version('lucide')} {sorted(ICON_NAMES)}", _copy_icons):
        made.append("icons")
    sources = [here.with_name("catalogues.py"), *sorted(texts.glob("*/*.po"))]
    if _renew(built / "texts", _digest_of_files(sources), lambda folder: _compile_texts(folder, texts)):
        made.append("texts")
    return made


def _renew(folder: Path, mark: str, make: Callable[[Path], None]) -> bool:
    """Make ``folder`` anew where its mark differs; a half-made folder never takes the place of a whole one."""
    mark_file = folder / ".made-from"
    if mark_file.is_file() and mark_file.read_text(encoding="utf-8") == mark:
        return False
    part = folder.with_name(f"{folder.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        make(part)
        (part / ".made-from").write_text(mark, encoding="utf-8")
        folder.mkdir(exist_ok=True)
        for file in sorted(part.iterdir(), key=lambda file: file.name == ".made-from"):
            os.replace(file, folder / file.name)
        _remove_strangers(folder, make)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def _remove_strangers(folder: Path, make: Callable[[Path], None]) -> None:
    """Remove icons that are on the list no longer; other parts have fixed names."""
    if make is _copy_icons:
        for file in folder.glob("*.svg"):
            if file.stem not in ICON_NAMES:
                file.unlink()


def _cut_fonts(folder: Path) -> None:
    """Cut three static weights out of the variable Inter: reportlab and Qt need plain TrueType."""
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    package = importlib.metadata.distribution("fontpkg-inter")
    source = Path(str(package.locate_file("fontpkg_inter/files/Inter[opsz,wght].ttf")))
    for style, weight in FONT_WEIGHTS.items():
        font = TTFont(source, recalcTimestamp=False)
        cut = instantiateVariableFont(font, {"opsz": OPTICAL_SIZE, "wght": weight}, updateFontNames=True)
        cut.save(folder / f"Inter-{style}.ttf")
    shutil.copyfile(str(package.locate_file("fontpkg_inter/LICENSE")), folder / "OFL.txt")


def _copy_icons(folder: Path) -> None:
    """Take the icons on our list out of the Lucide package."""
    package = importlib.metadata.distribution("lucide")
    with zipfile.ZipFile(str(package.locate_file("lucide/lucide.zip"))) as archive:
        for name in ICON_NAMES:
            (folder / f"{name}.svg").write_bytes(archive.read(f"{name}.svg"))
    (folder / "NOTICE.txt").write_text(
        "Icons: Lucide (https://lucide.dev), ISC licence; parts from Feather, MIT licence.\n", encoding="utf-8"
    )


def _compile_texts(folder: Path, texts: Path) -> None:
    for language in LANGUAGES:
        write_catalogue(sorted((texts / language).glob("*.po")), folder / f"{language}.mo", language)


def _version(package: str) -> str:
    return importlib.metadata.version(package)


def _digest_of_files(files: Iterable[Path]) -> str:
    return hashlib.sha256(
        json.dumps([[file.name, file.parent.name, _digest(file)] for file in files]).encode()
    ).hexdigest()


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    from installer.catalogues import CatalogueError

    try:
        new = build()
    except CatalogueError as error:
        sys.exit(str(error))
    print("resources: " + (", ".join(new) + " made" if new else "up to date"))
