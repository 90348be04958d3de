"""What PostgreSQL's errors mean for a person: its SQLSTATE codes, told apart by what can be done about them.

Source: PostgreSQL, appendix A "Error Codes".
"""

from __future__ import annotations

import re
from typing import Final

from clinic_app.foundation.errors import ClinicError, DamagedError, DiskFullError, InvalidInputError, StorageError
from clinic_app.foundation.texts import Text

UNREACHABLE: Final = Text("The database server cannot be reached. Try again when it runs.")
ONLY_READ: Final = Text(
    "This database server can only be read, as a standby can. Use the address of the primary server."
)
UNSAFE_WAY: Final = Text(
    "A database server on another computer needs an encrypted, verified way: add sslmode=verify-full to its address."
)
_BUSY: Final = Text("The database server is too busy. Nothing was saved; try again in a moment.")
_NOT_LET_IN: Final = Text(
    "The database server does not let the hub in: wrong role, password or database, or just starting. See its log."
)
_MEANINGS: Final[dict[str, tuple[type[ClinicError], Text]]] = {
    "08": (StorageError, UNREACHABLE),
    "25006": (StorageError, ONLY_READ),
    "25P0": (StorageError, _BUSY),  # a transaction stood still for too long
    "28": (StorageError, _NOT_LET_IN),
    "3D": (StorageError, _NOT_LET_IN),
    "40": (StorageError, _BUSY),
    "42501": (StorageError, Text("The hub's role may not do this. Make it the owner of the database.")),
    "53100": (
        DiskFullError,
        Text("The disk of the database server is full. Nothing was saved; free some space there."),
    ),
    "53": (StorageError, _BUSY),
    "54": (InvalidInputError, Text("A value in this record is too long to be kept.")),
    "55P03": (StorageError, _BUSY),
    "57014": (StorageError, _BUSY),
    "57P": (StorageError, UNREACHABLE),  # shut down, crashed, starting, or the database dropped
    "58": (StorageError, Text("The disk of the database server cannot be read or written. Look at the server's log.")),
    "XX00": (
        DamagedError,
        Text("The data on the database server are damaged. Do not delete anything; call whoever looks after it."),
    ),
}
"""By the beginning of the code, the longest that fits; what stands nowhere is a bug of ours."""
_LONGEST_CODE: Final = 5
_ANSWERED: Final = re.compile(r"failed: [^\s:]+:  ")
"""A refusal to connect brings no code, only the server's words: a severity in its language, a colon and two spaces."""


def known_error(error: BaseException | None) -> ClinicError | None:
    """Return what a driver's error means, or None for a bug of ours (a constraint, a wrong statement)."""
    from psycopg import InterfaceError, OperationalError

    code = getattr(error, "sqlstate", None)
    if code is None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        return StorageError(_NOT_LET_IN if _ANSWERED.search(str(error)) else UNREACHABLE)
    for length in range(_LONGEST_CODE, 1, -1):
        if meaning := _MEANINGS.get(code[:length]):
            kind, words = meaning
            return kind(words)
    return None
