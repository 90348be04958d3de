"""syslog, which the journal of systemd takes in: ``journalctl -t dala``."""

from __future__ import annotations

import sys
from typing import Final

from clinic_app.foundation.notices import Told

IDENT: Final = "dala"

if sys.platform != "win32":
    import syslog

    _PRIORITIES: Final = {"information": syslog.LOG_INFO, "warning": syslog.LOG_WARNING, "error": syslog.LOG_ERR}

    class Syslog:
        """The log of a Linux computer."""

        def write(self, told: Told) -> None:
            """Write an event with its number."""
            syslog.openlog(IDENT, syslog.LOG_PID, syslog.LOG_USER)
            syslog.syslog(_PRIORITIES[told.notice.level], f"[{told.notice.number}] {told}")

        def close(self) -> None:
            """Let go of it."""
            syslog.closelog()
