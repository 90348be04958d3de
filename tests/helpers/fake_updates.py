"""New versions of the program as a test wishes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError
from clinic_app.sync.program_updates import UpdateLook
from clinic_app.updates.release import Release

SIZE = 80_000_000
NEWS = {
    "kk": "Жаңа: бейнелер жылдам ашылады.",
    "ru": "Новое: снимки открываются быстрее.",
    "en": "New: images open faster.",
}


def offered(version: str = "1.3.0") -> Release:
    """Return a release with news in three languages."""
    return Release(version, "setup", f"Dala-{version}-x64.exe", "ab" * 32, SIZE, NEWS)


@dataclass
class FakeUpdates:
    """Says what it was given, and takes what it is asked to."""

    said: UpdateLook = field(default_factory=lambda: UpdateLook("1.2.0", "none"))
    taken: list[Path] = field(default_factory=list)
    refuses: ClinicError | None = None

    def look(self) -> UpdateLook:
        """Return how it stands."""
        return self.said

    def take(self, session: Session, stick: Path, came: Callable[[int, int], None] | None = None) -> UpdateLook:
        """Take a release, or refuse it."""
        if self.refuses is not None:
            raise self.refuses
        self.taken.append(stick)
        if came is not None:
            came(SIZE // 2, SIZE)
        self.said = UpdateLook("1.2.0", "ready", "1.3.0", offered())
        return self.said
