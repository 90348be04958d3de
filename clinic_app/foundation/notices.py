"""What IT must hear of: a short list of events, each with a number that stays the same, and never a word of a patient.

They go into the log file like everything else, and `clinic_app.computer.system_log` also hands them to the system's own
log: Windows' event log, or syslog. A detail is a number, the kind of an error, or words of the program itself; a detail
that could be anything else is left out.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Final, Literal

from clinic_app.foundation.texts import Text

Level = Literal["information", "warning", "error"]
Detail = int | str | type[BaseException]
_LEVELS: Final[dict[Level, int]] = {"information": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_HARMLESS: Final = re.compile(r"[a-z0-9][a-z0-9 ,._-]{0,199}", re.ASCII)
"""Words of the program: small letters, so that no name is among them, and numbers of versions."""
ATTRIBUTE: Final = "notice"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notice:
    """One kind of event.

    Args:
        number: by which IT finds it; never given to another.
        level: how grave.
        sentence: what has happened; ``{detail}`` is the one thing that differs.
    """

    number: int
    level: Level
    sentence: Text


@dataclass(frozen=True)
class Told:
    """An event that has happened, as it travels with its line of the log."""

    notice: Notice
    detail: str

    def __str__(self) -> str:
        """Return the sentence in English."""
        return self.notice.sentence.msgid.replace("{detail}", self.detail)


STARTED: Final = Notice(1, "information", Text("Dala has started: version {detail}."))
ENDED: Final = Notice(2, "information", Text("Dala has ended."))
FELL: Final = Notice(3, "error", Text("Dala ended unexpectedly the last time. Reports in the log folder: {detail}."))
FAULT: Final = Notice(4, "error", Text("Dala met a fault of its own: {detail}. A report lies in the log folder."))
NOT_OPENED: Final = Notice(5, "error", Text("Dala did not open the data: {detail}. The log says more."))
READ_ONLY: Final = Notice(6, "error", Text("Dala opened damaged data for reading only."))
BACKUP_FAILED: Final = Notice(7, "error", Text("No backup was made: {detail}."))
SECOND_DISK_FAILED: Final = Notice(8, "warning", Text("The second disk was not brought up to date: {detail}."))
DISK_SHORT: Final = Notice(9, "warning", Text("The disk with the data is full or nearly so."))
UPDATED: Final = Notice(10, "information", Text("Dala was updated to version {detail}."))
UPDATE_FAILED: Final = Notice(11, "error", Text("An update of Dala was not installed: {detail}."))
SELFTEST_FAILED: Final = Notice(12, "error", Text("The self-test failed: {detail}."))
NOT_JOINED: Final = Notice(13, "warning", Text("This workstation has not joined its hub: {detail}."))
JOINED: Final = Notice(14, "information", Text("This workstation has joined its hub."))
HUB_STARTED: Final = Notice(20, "information", Text("The hub has started: version {detail}."))
HUB_ENDED: Final = Notice(21, "information", Text("The hub has ended in order."))
HUB_FELL: Final = Notice(22, "error", Text("The hub has ended by a fault: {detail}. Its log says more."))
HUB_LET_IN: Final = Notice(23, "information", Text("The hub has let a computer in: {detail}."))
HUB_REFUSED: Final = Notice(24, "warning", Text("The hub has refused a computer that had a code: {detail}."))
NOTICES: Final = (
    STARTED,
    ENDED,
    FELL,
    FAULT,
    NOT_OPENED,
    READ_ONLY,
    BACKUP_FAILED,
    SECOND_DISK_FAILED,
    DISK_SHORT,
    UPDATED,
    UPDATE_FAILED,
    SELFTEST_FAILED,
    NOT_JOINED,
    JOINED,
    HUB_STARTED,
    HUB_ENDED,
    HUB_FELL,
    HUB_LET_IN,
    HUB_REFUSED,
)
"""By number; documented in ``installer/README.md``."""


def tell(notice: Notice, detail: Detail = "") -> None:
    """Let IT hear of an event.

    Args:
        notice: which.
        detail: a number, the kind of an error, or words of the program in small letters.
    """
    told = Told(notice, harmless(detail))
    _log.log(_LEVELS[notice.level], "%s", told, extra={ATTRIBUTE: told})


def harmless(detail: Detail) -> str:
    """Return a detail as it may be written down: nothing that came from outside."""
    if isinstance(detail, type):
        return detail.__name__
    words = str(detail)
    return words if _HARMLESS.fullmatch(words) else "…"
