"""What the trial of the service does with the installed rooms: comes into a hub at a first start, falls, is told of it.

Run by ``probe.exe`` inside the installation: ``installer_service_inside.py arrive|fall|told FOLDER``. The last line is
JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

SECRET: Final = "Үлгібаева"


def arrive(folder: Path) -> dict[str, object]:
    """Set up by hand, as the first start does, and tell whether the hub has let the workstation in."""
    from clinic_app.access import own_organization
    from clinic_app.settings import load_settings
    from clinic_app.sync.arrival import kept_arrival
    from clinic_app.sync.hub_account import kept_account
    from clinic_app.workstation import build_workstation

    workstation = build_workstation(load_settings(folder))
    try:
        workstation.set_up("Үлгі ауруханасы", "Үлгі Әкімші", "admin", "Sample-Password-1")
        store = workstation._store
        has_joined = kept_account(store) is not None
        return {
            "joined": has_joined,
            "hospital": own_organization(store).id,
            "code is erased": kept_arrival(folder) is None,
        }
    finally:
        workstation.close()


def fall(folder: Path) -> dict[str, object]:
    """Write where nobody may, as a broken library does."""
    import ctypes

    from clinic_app.computer.crash_reports import CrashWatch

    watch = CrashWatch(folder)
    watch.begin()

    def open_the_record(name: str) -> None:
        ctypes.memset(1, len(name), 1)

    open_the_record(SECRET)
    return {}


def told(folder: Path) -> dict[str, object]:
    """Return what the next start finds in the report."""
    from clinic_app.computer.crash_reports import CrashWatch

    watch = CrashWatch(folder)
    words = "".join(each.read_text(encoding="utf-8") for each in watch.begin())
    watch.end()
    return {
        "place": "open_the_record" in words,
        "fault": "access violation" in words,
        "patient": SECRET in words,
    }


def main(words: list[str]) -> int:
    """Do it and tell what came of it."""
    do = {"arrive": arrive, "fall": fall, "told": told}[words[0]]
    print(json.dumps(do(Path(words[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
