"""What an installation needs to take releases: the root it believes first, and the task that installs them.

The environment names the root of the releases (``DALA_UPDATE_ROOT``, a file ``1.root.json``); a build without one is
updated by hand, and says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clinic_app.updates.installed import ROOT

VARIABLE: Final = "DALA_UPDATE_ROOT"
TASK: Final = "update-task.xml"
NO_ROOT: Final = f"NO UPDATES BY THEMSELVES: {VARIABLE} names no root of releases. IT updates this build by hand."
COMMAND: Final = r"%SystemRoot%\System32\cmd.exe"
ARGUMENTS: Final = (
    r'/d /c ""%ProgramFiles%\Dala\Dala-console.exe" --install-update'
    r' & if exist "%ProgramFiles%\Dala Updates\runner\Dala-console.exe"'
    r' "%ProgramFiles%\Dala Updates\runner\Dala-console.exe" -m clinic_app.updates.installing"'
)
"""The second half runs whatever became of the first: a program that cannot start is why it must."""


def write(app: Path, environment: Mapping[str, str] = os.environ) -> bool:
    """Write both into the folder that will be installed; return whether the build takes releases.

    Args:
        app: the folder.
        environment: names the root.

    Raises:
        ValueError: the root cannot be read, or is none.
    """
    named = environment.get(VARIABLE, "")
    if not named:
        return False
    try:
        body = Path(named).read_bytes()
    except OSError as error:
        raise ValueError(f"the root of releases {named} cannot be read") from error
    check_root(body, named)
    (app / ROOT).write_bytes(body)
    (app / TASK).write_bytes(b"\xff\xfe" + task().encode("utf-16-le"))
    return True


def check_root(body: bytes, name: str) -> None:
    """Look whether a file is a root that is signed by enough of its own keys, and not about to end.

    Raises:
        ValueError: it is not.
    """
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata, Root
    from tuf.api.serialization import DeserializationError

    try:
        metadata = Metadata[Root].from_bytes(body)
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, DeserializationError, ValueError, AttributeError) as error:
        raise ValueError(f"{name} is no root that its holders have signed") from error


def task() -> str:
    """Return the task as Windows' planner takes it: at three at night, and some minutes after every start.

    Source: Task Scheduler Schema 1.2; ``S-1-5-18`` is the system itself.
    """
    arguments = ARGUMENTS.replace("&", "&amp;").replace('"', "&quot;")
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
 <RegistrationInfo>
  <Description>Installs verified new versions of Dala when nobody works, and brings the former back.</Description>
 </RegistrationInfo>
 <Triggers>
  <BootTrigger><Enabled>true</Enabled><Delay>PT5M</Delay></BootTrigger>
  <CalendarTrigger>
   <StartBoundary>2026-01-01T03:00:00</StartBoundary><Enabled>true</Enabled><RandomDelay>PT30M</RandomDelay>
   <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>
  </CalendarTrigger>
 </Triggers>
 <Principals>
  <Principal id="System"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal>
 </Principals>
 <Settings>
  <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
  <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
  <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
  <StartWhenAvailable>true</StartWhenAvailable>
  <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
  <Enabled>true</Enabled>
  <ExecutionTimeLimit>PT6H</ExecutionTimeLimit>
  <Priority>7</Priority>
 </Settings>
 <Actions Context="System">
  <Exec><Command>{COMMAND}</Command><Arguments>{arguments}</Arguments></Exec>
 </Actions>
</Task>
"""
