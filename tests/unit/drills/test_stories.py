"""Each story of a drill runs to its end, says what it saved, and leaves a folder that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clinic_app.keys import FileKeyStorage, unlock
from clinic_app.storage.backups.rekeying import KeyChange, change_key
from tests.drills import stories
from tests.drills.claims import Claims
from tests.drills.comparing import look_into
from tests.drills.stories import KEYS, STORIES


def lived(story: str, folder: Path) -> Claims:
    claims = Claims()
    STORIES[story](folder, claims.take, 8, 1)
    return claims


@pytest.mark.parametrize("story", STORIES)
def test_what_a_story_says_is_there_at_its_end(story: str, tmp_path: Path) -> None:
    claims = lived(story, tmp_path)
    found = look_into(tmp_path, claims, KEYS.get(story))
    assert (found.lost, found.damage, found.refusals) == ([], [], [])
    assert claims.count >= 8
    assert any(kind == "Patient" for kind, _, _ in claims.records)


def test_a_restoration_keeps_the_former_database(tmp_path: Path) -> None:
    lived("restoration", tmp_path)
    assert len(list(tmp_path.glob("clinic.db.damaged-*"))) == 1


def test_a_change_of_the_key_changes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[bytes] = []

    def noting(folder: Path, key: bytes, *words: Any, **named: Any) -> KeyChange:
        before.append(key)
        return change_key(folder, key, *words, **named)

    monkeypatch.setattr(stories, "change_key", noting)
    lived("change-of-the-key", tmp_path)
    assert len(before) == 1
    assert unlock(tmp_path, FileKeyStorage(tmp_path)) != before[0]


def test_an_upgrade_begins_with_the_first_program(tmp_path: Path) -> None:
    claims = lived("upgrade", tmp_path)
    assert {("Patient", f"p{number}", "v2") for number in (1, 2, 3)} <= claims.records
    assert any(path.name.startswith("000001-before-update") for path in (tmp_path / "backups").iterdir())
