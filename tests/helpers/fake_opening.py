"""Ways into a data folder that is none: one login, one recovery code, and backups that are only told of."""

from __future__ import annotations

from pathlib import Path

from clinic_app.foundation.errors import InvalidInputError, KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_safekeeping import CODE, FakeBackup, three_backups
from tests.helpers.fake_workstation import PASSWORD

KEY = b"k" * 32
WRONG_PASSWORD = Text("The login or the password is wrong.")
WRONG_CODE = Text("This is not a recovery code as it was printed: a letter or a digit is wrong or missing.")


class FakeOpening:
    """Answers as the real one does, where a window can tell the difference."""

    def __init__(self, *ways: str) -> None:
        self.kinds = frozenset(ways or ("keyring", "user", "recovery"))
        self.found = three_backups()
        self.restored: list[tuple[FakeBackup, bytes]] = []
        self.is_disk_bad = False

    def ways(self) -> frozenset[str]:
        return self.kinds

    def with_password(self, login: str, password: str) -> bytes:
        if (login, password) != ("doctor", PASSWORD):
            raise KeyLockedError(WRONG_PASSWORD)
        return KEY

    def with_recovery_code(self, code: str) -> bytes:
        if code.upper() != CODE:
            raise InvalidInputError(WRONG_CODE, "code")
        return KEY

    def with_key_storage(self) -> bytes:
        return b"of this computer"

    def backups(self) -> tuple[FakeBackup, ...]:
        return self.found

    def restore(self, backup: FakeBackup, key: bytes) -> Path:
        if self.is_disk_bad:
            raise StorageError(Text("The disk does not take or give data. Nothing was changed."))
        self.restored.append((backup, key))
        return Path("clinic.db.damaged-20260305T120000Z")
