"""Archives of images as hospitals have them: Orthanc and DCMTK's dcmqrscp from Debian, each with images in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from clinic_app.imaging.network.peers import Peer, WebServer
from tests.helpers.image_desk import AE
from tests.helpers.orthanc import PROGRAM
from tests.helpers.waiting import wait_until

LOGIN: Final = ("dala", "only-for-tests")
_WEB: Final = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@dataclass(frozen=True)
class OrthancArchive:
    """Where it is.

    Args:
        peer: by DICOM.
        server: by DICOMweb.
    """

    peer: Peer
    server: WebServer

    def put(self, files: Sequence[bytes]) -> None:
        """Put files into it."""
        url = self.server.url.removesuffix("/dicom-web") + "/instances"
        with httpx.Client(auth=LOGIN, trust_env=False) as client:
            for data in files:
                assert client.post(url, content=data).status_code == 200

    def anonymised(self, data: bytes) -> bytes:
        """Return what it makes of a file that is to leave without its patient; it keeps nothing of it."""
        root = self.server.url.removesuffix("/dicom-web")
        with httpx.Client(auth=LOGIN, trust_env=False, timeout=60) as client:
            number = client.post(f"{root}/instances", content=data).json()["ID"]
            made = client.post(f"{root}/instances/{number}/anonymize", json={"Force": True})
            assert made.status_code == 200, made.text
            client.delete(f"{root}/instances/{number}")
            return made.content

    def count(self) -> int:
        """Return how many images it has."""
        url = self.server.url.removesuffix("/dicom-web") + "/instances"
        return len(httpx.get(url, auth=LOGIN, trust_env=False).json())


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def orthanc_archive(folder: Path, our_port: int) -> Iterator[OrthancArchive]:
    """Start Orthanc with DICOM and DICOMweb; it knows us at a port of ours."""
    web, dicom = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "StorageDirectory": str(folder / "data"),
        "IndexDirectory": str(folder / "data"),
        "HttpPort": web,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": dict([LOGIN]),
        "DefaultEncoding": "Utf8",
        "DicomModalities": {"dala": {"AET": AE, "Host": "127.0.0.1", "Port": our_port}},
        "Plugins": [_WEB],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(told), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(PROGRAM), str(folder / "orthanc.json")], stdout=log, stderr=log)
    uses = frozenset({"query"})
    made = OrthancArchive(
        Peer("Orthanc", "ORTHANC", "127.0.0.1", dicom, uses=uses),  # type: ignore[arg-type]
        WebServer("Orthanc web", f"http://127.0.0.1:{web}/dicom-web", LOGIN[0]),
    )
    try:
        wait_until(lambda: _listens(web) and _listens(dicom), 30, "Orthanc answers")
        yield made
    finally:
        process.kill()  # asked to stop it takes seconds, and nothing of it is wanted afterwards
        process.wait(timeout=30)


@contextmanager
def dcmqrscp(folder: Path, our_port: int, files: Sequence[bytes]) -> Iterator[Peer]:
    """Start DCMTK's archive with files in it; it knows us at a port of ours."""
    port = free_port()
    database = folder / "archive"
    database.mkdir(parents=True)
    configuration = folder / "dcmqrscp.cfg"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n\nHostTable BEGIN\n"
        f"dala = ({AE}, 127.0.0.1, {our_port})\nHostTable END\n\nVendorTable BEGIN\nVendorTable END\n\n"
        f"AETable BEGIN\nDCMTK {database} RW (100, 500mb) ANY\nAETable END\n",
        encoding="ascii",
    )
    fast = {**os.environ, "TCP_NODELAY": "1"}
    process = subprocess.Popen(
        ["dcmqrscp", "--config", str(configuration), str(port)],
        env=fast,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(port), 30, "dcmqrscp answers")
        source = folder / "source"
        source.mkdir()
        for place, data in enumerate(files):
            (source / f"{place}.dcm").write_bytes(data)
        command = ["storescu", "+sd", "-aec", "DCMTK", "127.0.0.1", str(port), str(source)]
        subprocess.run(command, env=fast, check=True, capture_output=True, timeout=60)
        yield Peer("DCMTK", "DCMTK", "127.0.0.1", port, uses=frozenset({"query"}))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
