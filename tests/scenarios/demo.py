"""``python -m tests.scenarios.demo``: the district's and the specialist's windows, with hub and monitor behind them.

Four processes over sample data in a folder of its own; it ends when both windows are closed, or with Ctrl+C.
Everybody's password is printed at the start.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.helpers.hub_process import HubProcess
from tests.scenarios.sample import CENTRE, DISTRICT, PASSWORD, PATIENT, Facility, provisioning, write_provisioning
from tests.scenarios.stage import ROOT, free_port, image_folder, monitor_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the windows and wait until they are closed."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--language", choices=("kk", "ru", "en"), default="kk")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="dala-demo-"))
    try:
        with ExitStack() as stack:
            hub = HubProcess(folder / "hub")
            tokens = [hub.enrol(each.organization_id, each.name) for each in (DISTRICT, CENTRE)]
            stack.enter_context(hub)
            port = free_port()
            windows = [
                _window(folder / "district", DISTRICT, hub.url, tokens[0], port, options.language),
                _window(folder / "centre", CENTRE, hub.url, tokens[1], 0, options.language),
            ]
            monitor = subprocess.Popen(monitor_command(port), cwd=ROOT)
            stack.callback(_end, monitor)
            for window in windows:
                stack.callback(_end, window)
            sys.stdout.write(_words(image_folder(folder, with_damaged=True)))
            sys.stdout.flush()
            return max(window.wait() for window in windows)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _window(
    folder: Path, facility: Facility, hub_url: str, token: str, port: int, language: str
) -> subprocess.Popen[bytes]:
    file = write_provisioning(folder / "provision.toml", provisioning(facility, hub_url, token, port, language))
    command = [sys.executable, str(ROOT / "main.py"), "--data", str(folder), "--provision", str(file)]
    return subprocess.Popen(command, cwd=ROOT)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(20)


def _words(disc: Path) -> str:
    people = [
        f"  {login:<12} {role:<14} {facility.name}"
        for facility in (DISTRICT, CENTRE)
        for login, _name, role in facility.people
    ]
    return "\n".join(
        (
            "Two windows open: the district hospital and the specialist's. All people and data are samples.",
            f"Password of everybody: {PASSWORD}",
            *people,
            f"A patient to register: {PATIENT.family} {PATIENT.given}, IIN {PATIENT.iin}, born {PATIENT.birth_date}",
            f"Images to import: {disc}",
            "Close both windows to end the demo.\n",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
