"""What Windows' registry says about the installation."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from clinic_app.updates.installed import Installed, root_in
from clinic_app.updates.system_folder import system_folder

KEY: Final = r"Software\Dala"


def find(folder: Path | None, values: Callable[[], Mapping[str, str]] | None = None) -> Installed | None:
    """Return the installation that lies in a folder; None for one that takes no releases.

    What group policy or Intune has installed, they update: a version from elsewhere would be taken back by them.

    Args:
        folder: of the running program.
        values: reads our values in the registry.
    """
    root, programs = root_in(folder), os.environ.get("PROGRAMW6432") or os.environ.get("PROGRAMFILES", "")
    if folder is None or root is None or not programs or not folder.is_relative_to(programs):
        return None
    told = (values or registry_values)()
    system = system_folder(Path(programs))
    if told.get("InstallLocation") and Path(told["InstallLocation"]) == folder:
        return Installed(folder, "setup", root, system)
    return None


def registry_values() -> Mapping[str, str]:
    """Return what Setup or the package has written about itself."""
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
