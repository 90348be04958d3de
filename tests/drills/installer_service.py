"""The installed hub as a service, a workstation that comes into it by Setup's code, and what a fall leaves.

wine ends its services with the last program that people started; so one is kept waiting meanwhile.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from installer import tools
from tests.drills import installer_service_inside
from tests.drills.installer_prefix import SOURCES, Prefix
from tests.drills.installer_trial import FOLDER, Trial
from tests.helpers.certificates import OwnCertificate, own_certificate

HUB: Final = f"{FOLDER}\\Dala-hub.exe"
HOSPITAL: Final = "org-sample"
NOT_THERE: Final = 4
WAS_NOT_RUNNING: Final = 3


def go_through(trial: Trial) -> None:
    """Take the steps with the program that is installed; nothing of them is left."""
    folder = trial.prefix.drive / "ProgramData" / "DalaHub"
    data = trial.prefix.drive / "first-start"
    logs = trial.prefix.drive / "logs-of-a-fall"
    port = _free_port()
    try:
        trial.step("no service yet", lambda: service(trial, "--stop-service"), NOT_THERE)
        trial.step("a folder that leads elsewhere is not taken", lambda: laid_folder(trial), (1, NOT_THERE))
        trial.step("service is made", lambda: service(trial, "--install-service"), 0)
        own = _own(folder, port)
        with _somebody_works(trial.prefix):
            trial.step("service starts", lambda: service(trial, "--start-service"), 0)
            trial.step("hub answers over TLS", lambda: health(port, own.certificate), "ok")
            trial.step("first start comes into the hub", lambda: arrive(trial, data, port, own.fingerprint))
            trial.step("hub knows the workstation", lambda: "PC 7" in trial.prefix.run(HUB, "devices").words)
            trial.step("service stops", lambda: service(trial, "--stop-service"), 0)
        trial.step("records were closed", (folder / "data" / "clinic.db-wal").exists, wanted=False)
        trial.step("service is at rest", lambda: service(trial, "--stop-service"), WAS_NOT_RUNNING)
        trial.step("service is taken away", lambda: service(trial, "--remove-service"), 0)
        trial.step("no service is left", lambda: service(trial, "--stop-service"), NOT_THERE)
        wanted = {"place": True, "fault": True, "patient": False}
        trial.step("a fall leaves a report", lambda: fall(trial, logs), wanted)
    finally:
        for each in (folder, data, logs):
            shutil.rmtree(each, ignore_errors=True)


def service(trial: Trial, wish: str) -> int:
    """Have the installed program look after its service; return the exit code."""
    return trial.prefix.run(HUB, wish, longest_s=150).code


def laid_folder(trial: Trial) -> tuple[int, int]:
    """Have somebody lay the hub's folder first; return how the making of the service ends, and whether there is one."""
    folder = trial.prefix.drive / "ProgramData" / "DalaHub"
    folder.symlink_to(trial.folder, target_is_directory=True)
    code = service(trial, "--install-service")
    folder.unlink()
    return code, service(trial, "--stop-service")


def health(port: int, certificate: Path) -> str:
    """Ask the hub how it is, from this computer, with its certificate checked."""
    with urllib.request.urlopen(
        f"https://localhost:{port}/health", timeout=20, context=ssl.create_default_context(cafile=str(certificate))
    ) as answer:
        return str(json.load(answer)["status"])


def arrive(trial: Trial, data: Path, port: int, fingerprint: str) -> bool:
    """Do what Setup does with its options, and then the first start."""
    said = trial.prefix.run(HUB, "enrol-code", "--organization", HOSPITAL, "--name", "PC 7").words
    code = next(line for line in said.splitlines() if len(line.strip()) == 9 and line[4] == "-").strip()
    hub, place = f"https://localhost:{port}", f"C:\\{data.name}"
    trial.prefix.run(
        f"{FOLDER}\\Dala-console.exe", "--prepare", "--data", place, f"--hub={hub}", f"--enrol={code}",
        f"--hub-certificate={fingerprint}",
    )  # fmt: skip
    return _inside(trial, "arrive", place) == {"joined": True, "hospital": HOSPITAL, "code is erased": True}


def fall(trial: Trial, logs: Path) -> dict[str, object]:
    """Let the installed program fall, and return what its next start finds."""
    _inside(trial, "fall", f"C:\\{logs.name}")
    return _inside(trial, "told", f"C:\\{logs.name}")


def _inside(trial: Trial, *words: str) -> dict[str, object]:
    made = trial.folder / "service-probe.exe"
    if not made.is_file():
        library = next(trial.installed.glob("python3??.dll")).name
        tools.run("x86_64-w64-mingw32-gcc", "-O2", "-municode", "-static", f'-DPYTHON_LIBRARY=L"{library}"',
                  SOURCES / "run_script.c", "-o", made)  # fmt: skip
    probe = trial.installed / "probe.exe"
    shutil.copyfile(made, probe)
    try:
        script = Prefix.named(Path(installer_service_inside.__file__))
        done = trial.prefix.run(f"{FOLDER}\\probe.exe", script, *words, longest_s=120)
    finally:
        probe.unlink()
    lines = [line for line in done.words.splitlines() if line.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else {"said": done.words[-1000:]}


def _own(folder: Path, port: int) -> OwnCertificate:
    """Give the hub a certificate of its own, and the file that says how it starts."""
    made = own_certificate(folder, "localhost")
    place = "C:\\ProgramData\\DalaHub\\"
    options = [f"port = {port}", f"certificate = '{place}{made.certificate.name}'"]
    options.append(f"certificate-key = '{place}{made.key.name}'")
    (folder / "hub.toml").write_text("\n".join(options) + "\n", encoding="utf-8")
    return made


@contextmanager
def _somebody_works(prefix: Prefix) -> Iterator[None]:
    command = subprocess.Popen(
        ["wine", "cmd"], env=dict(prefix.variables), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        command.communicate(b"exit\r\n", timeout=60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
