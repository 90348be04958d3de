"""What Setup or the package for group policy has written into Windows' registry about itself.

It imports the standard library alone: `installing` runs from a copy of itself that has nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

KEY: Final = r"Software\Dala"


def registry_values() -> Mapping[str, str]:
    """Return our values; none where nothing is installed."""
    found: dict[str, str] = {}
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, KEY, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
                for index in range(winreg.QueryInfoKey(key)[1]):
                    name, value, _kind = winreg.EnumValue(key, index)
                    found[name] = str(value)
        except OSError:
            return {}
    return found
