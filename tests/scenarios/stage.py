"""The stage of the tour: a hub in its own process, a link that can be cut, a monitor, and two hospitals' windows."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom.data import get_testdata_file

from clinic_app.settings import load_settings
from clinic_app.workstation import Workstation, build_workstation, provision
from tests.helpers.hub_process import HubProcess
from tests.helpers.link import Link
from tests.scenarios.hand import Hand
from tests.scenarios.sample import CENTRE, DISTRICT, Facility, provisioning, write_provisioning
from ui.shell.main_window import MainWindow
from ui.tasks import TaskRunner

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SHIPPED_IMAGES = ("CT_small.dcm", "MR_small.dcm", "examples_ybr_color.dcm")
"""Real files in pydicom's own package: CT, MR, ultrasound loop."""
LARGER_IMAGES = (
    "xray/RG3_J2KI.dcm",
    "ct/CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm",
)
"""Real files of the size that hospitals see, where the shared recordings are at hand: X-ray, CT."""


@dataclass
class Desk:
    """One workstation with its window and the person at it."""

    workstation: Workstation
    window: MainWindow
    runner: TaskRunner
    hand: Hand


@dataclass
class Stage:
    """Everything the story needs."""

    folder: Path
    hub: HubProcess
    link: Link
    district: Desk
    centre: Desk
    monitor_port: int
    _monitor: subprocess.Popen[bytes] | None = None

    def start_monitor(self) -> None:
        """Switch the patient monitor on: the simulator, in a process of its own."""
        self._monitor = subprocess.Popen(monitor_command(self.monitor_port), cwd=ROOT)

    def stop_monitor(self) -> None:
        """Switch it off."""
        if self._monitor is not None:
            self._monitor.terminate()
            self._monitor.wait(10)
            self._monitor = None


@contextmanager
def raised(folder: Path) -> Iterator[Stage]:
    """Raise the stage in an empty folder and strike it at the end, every process by its own id."""
    with ExitStack() as stack:
        hub = HubProcess(folder / "hub")
        tokens = [hub.enrol(each.organization_id, each.name) for each in (DISTRICT, CENTRE)]
        stack.enter_context(hub)
        link = stack.enter_context(Link(hub.url))
        port = free_port()
        district = stack.enter_context(_desk(folder / "district", DISTRICT, link.url, tokens[0], port))
        centre = stack.enter_context(_desk(folder / "centre", CENTRE, hub.url, tokens[1], 0))
        stage = Stage(folder, hub, link, district, centre, port)
        stack.callback(stage.stop_monitor)
        yield stage


def monitor_command(port: int) -> list[str]:
    """Return the command of the simulated monitor; its pleth follows the beats of the ECG it plays, and says so."""
    return [sys.executable, "-m", "clinic_app.devices.hl7.monitor_simulator", "--port", str(port)]


def image_folder(folder: Path, *, with_damaged: bool) -> Path:
    """Make a folder as it comes on a CD: real images, and one file that was cut in half."""
    disc = folder / "cd" / "DICOM"
    disc.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED_IMAGES:
        shutil.copy(str(get_testdata_file(name, download=False)), disc / name)
    for name in LARGER_IMAGES:
        if (SHARED / "dicom" / name).exists():
            shutil.copy(SHARED / "dicom" / name, disc / Path(name).name)
    if with_damaged:
        whole = (disc / "CT_small.dcm").read_bytes()
        (disc / "damaged.dcm").write_bytes(whole[: len(whole) // 2])
    return folder / "cd"


def free_port() -> int:
    """Return a TCP port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _desk(folder: Path, facility: Facility, hub_url: str, token: str, port: int) -> Iterator[Desk]:
    file = write_provisioning(folder / "provision.toml", provisioning(facility, hub_url, token, port, "kk"))
    provision(folder, file)
    file.unlink()
    workstation = build_workstation(load_settings(folder))
    runner = TaskRunner()
    window = MainWindow(workstation, runner)
    try:
        yield Desk(workstation, window, runner, Hand(window))
    finally:
        window.close_now()
        window.deleteLater()
        runner.close()
        workstation.close()
