"""What the trial of the installation does with the installed rooms: registers a patient, and looks whether he is there.

Run by ``probe.exe`` inside the installation: ``installer_inside.py DATA register|find``. The last line is JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

LOGIN: Final = "registrar"
PASSWORD: Final = "Sample-Password-1"
FAMILY: Final = "Үлгібаева"
GIVEN: Final = "Әсем"
IIN: Final = "850101300124"


def provisioning() -> str:
    """Return the file that sets the workstation up; its key lies in the system's keyring."""
    return "\n".join(
        [
            "[settings]", "language = 'kk'", "[facility]", "facility_name = 'Үлгі аудандық ауруханасы'",
            *("[[people]]", "login = 'admin'", "name = 'Үлгі Әкімші'", "role = 'administrator'"),
            f"password = '{PASSWORD}'",
            *("[[people]]", f"login = '{LOGIN}'", "name = 'Үлгі Тіркеуші'", "role = 'registrar'"),
            f"password = '{PASSWORD}'",
            "",
        ]
    )  # fmt: skip


def main(words: list[str]) -> int:
    """Do it and tell what came of it."""
    from clinic_app.foundation import version
    from clinic_app.registration import PatientForm
    from clinic_app.settings import load_settings
    from clinic_app.workstation import build_workstation

    folder, wish = Path(words[0]), words[1]
    workstation = build_workstation(load_settings(folder))
    try:
        session = workstation.people.sign_in(LOGIN, PASSWORD)
        if wish == "register":
            form = PatientForm(family=FAMILY, given=GIVEN, birth_date="01.01.1985", gender="male", iin=IIN)
            workstation.registration.register(session, form)
        found = workstation.registration.search(session, FAMILY)
    finally:
        workstation.close()
    names = [name.family for patient in found for name in patient.name or ()]
    told = {"version": version.VERSION, "from": str(Path(version.__file__).drive), "names": names}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
