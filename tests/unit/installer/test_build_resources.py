"""What is built is built once, whole, and again when its source changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from installer import build_resources
from installer.build_resources import BUILT, TEXTS, build
from installer.catalogues import CatalogueError
from installer.icon_names import ICON_NAMES


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """An empty folder, with the fonts taken over: cutting them takes ten seconds and is done for every run anyway."""
    shutil.copytree(BUILT / "fonts", tmp_path / "built" / "fonts")
    return tmp_path / "built"


def test_everything_is_made_once(built: Path) -> None:
    assert build(built) == ["icons", "texts"]
    assert build(built) == []
    assert {file.stem for file in (built / "icons").glob("*.svg")} == ICON_NAMES
    assert all("currentColor" in file.read_text(encoding="utf-8") for file in (built / "icons").glob("*.svg"))
    assert {file.name for file in (built / "texts").glob("*.mo")} == {"kk.mo", "ru.mo"}


def test_a_changed_text_makes_only_the_texts_anew(built: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    shutil.copytree(TEXTS, texts)
    build(built, texts)
    po = texts / "kk" / "foundation.po"
    po.write_text(po.read_text(encoding="utf-8") + '\nmsgid "Only here"\nmsgstr "Тек осында"\n', encoding="utf-8")
    assert build(built, texts) == ["texts"]


def test_an_icon_that_left_the_list_leaves_the_folder(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(built)
    monkeypatch.setattr(build_resources, "ICON_NAMES", ICON_NAMES - {"siren"})
    assert build(built) == ["icons"]
    assert not (built / "icons" / "siren.svg").exists()


def test_a_failed_build_leaves_what_was_there(built: Path, tmp_path: Path) -> None:
    build(built)
    texts = tmp_path / "texts"
    shutil.copytree(TEXTS, texts)
    (texts / "ru" / "bad.po").write_text('msgid "Not translated"\nmsgstr ""\n', encoding="utf-8")
    before = (built / "texts" / "ru.mo").read_bytes()
    with pytest.raises(CatalogueError, match=r"bad\.po"):
        build(built, texts)
    assert (built / "texts" / "ru.mo").read_bytes() == before
    assert not list(built.glob("*.part-*"))
