"""What the trial of the installation asks the installed rooms: who is registered, and what was recorded of him.

Run by ``probe.exe`` inside the installation: ``installer_inside.py DATA``. The last line is JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

LOGIN: Final = "nurse"
PASSWORD: Final = "Sample-Password-1"
FAMILY: Final = "Үлгібаев"
GIVEN: Final = "Әділ"
PATRONYMIC: Final = "Жәңгірһанұлы"
ADDRESS: Final = "Қызылғұрт Өркен"
"""With the names every letter that Kazakh has beside Russian."""
IIN: Final = "850101300124"
BIRTH_DATE: Final = "01.01.1985"
TYPED: Final = [f"{FAMILY} {GIVEN} {PATRONYMIC}, {ADDRESS}"]
LEAD: Final = "II"
THINNED_HZ: Final = 100
"""At most so many samples a second are told."""


def provisioning(monitor_port: int = 0) -> str:
    """Return the file that sets the workstation up; its key lies in the system's keyring."""
    return "\n".join(
        [
            "[settings]", "language = 'kk'", f"monitor_port = {monitor_port}",
            "[facility]", "facility_name = 'Үлгі аудандық ауруханасы'",
            *("[[people]]", "login = 'admin'", "name = 'Үлгі Әкімші'", "role = 'administrator'"),
            f"password = '{PASSWORD}'",
            *("[[people]]", f"login = '{LOGIN}'", "name = 'Үлгі Мейіргер'", "role = 'nurse'"),
            f"password = '{PASSWORD}'",
            "",
        ]
    )  # fmt: skip


def main(words: list[str]) -> int:
    """Look, and tell what was seen."""
    from clinic_app.foundation import version
    from clinic_app.settings import load_settings
    from clinic_app.workstation import build_workstation

    workstation = build_workstation(load_settings(Path(words[0])))
    try:
        session = workstation.people.sign_in(LOGIN, PASSWORD)
        patients = workstation.registration.search(session, FAMILY)
        documents = [each for one in patients for each in workstation.recordings.of_patient(session, one.id)]
        recordings = [workstation.recordings.load(session, each) for each in documents]
    finally:
        workstation.close()
    told: dict[str, object] = {
        "version": version.VERSION,
        "patients": [f"{one.full_name}, {' '.join(each.text or '' for each in one.address)}" for one in patients],
        "recordings": len(recordings),
        "channels": [channel.label for each in recordings for channel in each.channels],
    }
    for channel in (each for one in recordings for each in one.channels if each.label == LEAD):
        every = max(1, int(channel.rate_hz // THINNED_HZ))
        told |= {"rate_hz": channel.rate_hz, "every": every, "samples": channel.samples[::every].round(2).tolist()}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
