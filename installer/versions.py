"""Version numbers of installers: what Windows can compare, in the forms that its tools want."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})")
_LARGEST: Final = (255, 255, 65535)
"""What Windows Installer compares; a fourth number it does not look at."""


@dataclass(frozen=True, order=True)
class Version:
    """``X.Y.Z``, ordered as Windows Installer orders it.

    Args:
        major: X.
        minor: Y.
        patch: Z.
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def read(cls, words: str) -> Version:
        """Return what ``words`` say.

        Raises:
            ValueError: they are no version that Windows Installer can compare; the message says why.
        """
        found = _FORM.fullmatch(words)
        if found is None:
            raise ValueError(f"“{words}” is no version of the form X.Y.Z")
        numbers = tuple(int(each) for each in found.groups())
        if any(number > largest for number, largest in zip(numbers, _LARGEST, strict=True)):
            raise ValueError(f"“{words}” is too large: Windows Installer compares versions up to 255.255.65535")
        return cls(*numbers)

    def __str__(self) -> str:
        """Return ``X.Y.Z``."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def of_file(self) -> str:
        """``X.Y.Z.0``, as a program's properties show it."""
        return f"{self}.0"

    @property
    def of_resource(self) -> str:
        """``X,Y,Z,0``, as a resource compiler wants it."""
        return self.of_file.replace(".", ",")
