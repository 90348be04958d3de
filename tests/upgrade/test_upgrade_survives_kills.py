"""Bringing the data up to date, killed at every touch of the disk: the old database or the new one, never none."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic_app.foundation.errors import DiskFullError
from clinic_app.keys import DATABASE_NAME
from clinic_app.storage.engines import space
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import current_revision, newest_revision
from tests.helpers.dying import killed_everywhere
from tests.helpers.kept_databases import ROWS, put_kept_database
from tests.helpers.stores import KEY, opened

OLD = [revision for revision in sorted(ROWS) if revision != newest_revision()]
FARTHEST_AND_NEAREST = [OLD[0], OLD[-1]]
"""Every touch of the disk is of the same steps (backup, copy, renaming), however many revisions are between them."""
IMPORTS = """
from clinic_app.storage import Store
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import current_revision
from clinic_app.records import Patient, Task, AuditEvent
from sqlalchemy import text
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY
"""
OPEN = "Store.open(folder, KEY, FixedClock()).close()"
LOOK = f"""
file = EncryptedFile(folder / "{DATABASE_NAME}", KEY)
with file.reading() as connection:
    revision = current_revision(connection)
file.close()
store = Store.open(folder, KEY, FixedClock())
store.file.check_all()
facts = [len(store.records.find(Patient)), store.outbox.count(), store.cursor("hub"), store.records.broken_audit_row()]
facts.append(any(each.kind == "before-update" and each.is_verified for each in store.backups.all()))
store.close()
left = sorted(path.name for path in folder.rglob("*") if "upgrading" in path.name)
return revision, *facts, left
"""


@pytest.mark.parametrize("revision", FARTHEST_AND_NEAREST)
def test_a_kill_at_any_touch_of_the_disk_leaves_the_old_or_the_new(revision: str, tmp_path: Path) -> None:
    put_kept_database(revision, tmp_path / "old")
    seen = killed_everywhere(tmp_path / "old", tmp_path / "work", IMPORTS, OPEN, LOOK)
    facts = "3, 2, '41', None, True, []"
    assert set(seen) == {f"('{revision}', {facts})", f"('{newest_revision()}', {facts})"}
    assert len(seen) >= 20
    assert seen[0].startswith(f"('{revision}'")
    assert seen[-1].startswith(f"('{newest_revision()}'")


@pytest.mark.parametrize("revision", OLD)
def test_a_disk_without_room_for_two_copies_leaves_the_old_data_as_they_are(
    revision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_kept_database(revision, tmp_path)
    monkeypatch.setattr(space, "_free_bytes", lambda _folder: (1 << 20) + 400_000)
    with pytest.raises(DiskFullError, match="up to date"), opened(tmp_path, KEY):
        pass
    file = EncryptedFile(tmp_path / DATABASE_NAME, KEY)
    with file.reading() as connection:
        assert current_revision(connection) == revision
    file.close()
    assert not (tmp_path / "backups").exists()
    monkeypatch.undo()
    with opened(tmp_path, KEY) as store:
        assert store.outbox.count() == 2
