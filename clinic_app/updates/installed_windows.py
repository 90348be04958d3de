"""What Windows' registry says about the installation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from clinic_app.updates.installed import Installed, root_in
from clinic_app.updates.registry_windows import registry_values
from clinic_app.updates.system_folder import system_folder


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
