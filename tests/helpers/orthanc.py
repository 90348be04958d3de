"""Orthanc as Debian ships it, as a process of the test's own on a free loopback port."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any, Final

import httpx

from tests.helpers.postgres import PostgresServer
from tests.helpers.waiting import wait_until

PROGRAM: Final = Path("/usr/sbin/Orthanc")
ROOT: Final = Path(__file__).parents[2]
CONFIGURATION: Final = ROOT / "installer" / "orthanc.json"
"""What `docs/deployment/orthanc.md` hands out; the test runs with its words, in other places."""
LOGIN: Final = ("dala", "only-for-tests")


class Orthanc:
    """One server; it keeps its folder and its port when it is started again.

    Args:
        folder: its data.
        postgres: the server that holds its index, in a database and under a role of its own.
    """

    def __init__(self, folder: Path, postgres: PostgresServer) -> None:
        self._folder = folder
        self._postgres = postgres
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The root of its DICOMweb."""
        return f"http://127.0.0.1:{self._port}/dicom-web"

    def login_file(self) -> Path:
        """Return the file in which a hub finds the login."""
        path = self._folder / "login"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(":".join(LOGIN) + "\n", encoding="utf-8")
        return path

    def ask(self, path: str, **parameters: str) -> Any:
        """Return what it says of itself, or of what it has."""
        headers = {"Accept": "application/dicom+json" if "dicom-web" in path else "application/json"}
        url = f"http://127.0.0.1:{self._port}{path}"
        answer = httpx.get(url, params=parameters, auth=LOGIN, headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def make_database(self) -> None:
        """Make the role and the database as `docs/deployment/orthanc.md` says."""
        self._postgres.execute("CREATE ROLE orthanc LOGIN")
        self._postgres.execute("CREATE DATABASE orthanc OWNER orthanc ENCODING 'UTF8' TEMPLATE template0")

    def remove_database(self) -> None:
        """Remove both."""
        self._postgres.execute("DROP DATABASE orthanc WITH (FORCE)")
        self._postgres.execute("DROP ROLE orthanc")

    def kill(self) -> None:
        """End it without asking, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "orthanc.json"
        configuration.write_text(json.dumps(self._configuration()), encoding="utf-8")
        with (self._folder / "orthanc.log").open("ab") as log:
            self._process = subprocess.Popen([str(PROGRAM), str(configuration)], stdout=log, stderr=log)
        wait_until(self._answers, 30, "Orthanc answers")

    def _answers(self) -> bool:
        assert self._process is not None
        log = self._folder / "orthanc.log"
        assert self._process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-2000:]
        try:
            return bool(self.ask("/system"))
        except httpx.TransportError:
            return False

    def _configuration(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(CONFIGURATION.read_text(encoding="utf-8"))
        made["PostgreSQL"] |= {"Host": str(self._postgres.folder)}
        made |= {
            "StorageDirectory": str(self._folder / "data"),
            "IndexDirectory": str(self._folder / "data"),
            "HttpPort": self._port,
            "RegisteredUsers": dict([LOGIN]),
        }
        return made
