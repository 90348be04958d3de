"""What can go wrong in the clinic, told apart by what a person can do about it.

```
ClinicError                 a sentence for the user; nothing was lost
├── InvalidInputError       what was typed or handed in cannot be right
├── NotAllowedError         this person may not do this
├── NotFoundError           there is no such record here
├── ConflictError           somebody else changed it first
├── StorageError            the local store could not take or give it
│   ├── DiskFullError       no room on the disk
│   └── DamagedError        what is stored is not what was written
├── KeyLockedError          the data cannot be unlocked with what is here
├── ClockError              this computer's clock cannot be right
├── LinkError               the hub cannot be reached or answers nonsense
├── DeviceError             a device, its cable or its messages
└── UnreadableFileError     a file that is damaged, foreign or hostile
```

Whatever is no `ClinicError` is a fault of ours: it is logged and shown by the crash dialog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clinic_app.foundation.texts import Text


class ClinicError(Exception):
    """An error with a sentence the user can act on.

    Args:
        text: the sentence; it is rendered in the language of whoever reads it.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.msgid)
        self.text = text

    def __str__(self) -> str:
        """Return the English sentence, for logs."""
        return self.text.render("en")


class InvalidInputError(ClinicError):
    """What was typed or handed in cannot be right.

    Args:
        text: the sentence.
        field: name of the record's field the sentence belongs to, for the form that shows it.
    """

    def __init__(self, text: Text, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class NotAllowedError(ClinicError):
    """This person may not do this."""


class NotFoundError(ClinicError):
    """There is no such record here."""


class ConflictError(ClinicError):
    """Somebody else changed the record first; both versions are kept."""


class StorageError(ClinicError):
    """The local store could not take or give it."""


class DiskFullError(StorageError):
    """No room on the disk; nothing was half-written."""


class DamagedError(StorageError):
    """What is stored is not what was written."""


class KeyLockedError(ClinicError):
    """The data cannot be unlocked with the keys that are here."""


class ClockError(ClinicError):
    """This computer's clock cannot be right, and what would be said with it would be false for ever."""


class LinkError(ClinicError):
    """The hub cannot be reached or answers nonsense."""


class DeviceError(ClinicError):
    """A device, its cable or its messages."""


class UnreadableFileError(ClinicError):
    """A file that is damaged, foreign or hostile."""
