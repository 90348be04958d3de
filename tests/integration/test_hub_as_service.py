"""The installed hub as its starter sees it: told when it listens, told to stop, ended in order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.hub import readiness_posix
from clinic_app.hub.readiness import starter

ROOT = Path(__file__).parents[2]


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does for what a service says of itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.bind(str(tmp_path / "notify"))
        way.settimeout(60)
        yield way


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_hub_says_when_it_listens_and_ends_in_order(tmp_path: Path, heard: socket.socket) -> None:
    folder, port = tmp_path / "hub", free_port()
    folder.mkdir()
    (folder / "hub.toml").write_text(f"port = {port}\n", encoding="utf-8")
    place = {"DALA_HUB": str(folder), "NOTIFY_SOCKET": heard.getsockname()}
    process = subprocess.Popen(
        [sys.executable, "-m", "clinic_app.hub.installed"], cwd=ROOT, env={**os.environ, **place}
    )
    try:
        assert heard.recv(100) == b"READY=1"
        assert httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).json() == {"status": "ok"}
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)  # Windows' service says it again each second
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert (folder / "data" / "clinic.db").stat().st_size > 0
    assert not (folder / "data" / "clinic.db-wal").exists(), "the store was not closed"


def test_a_hub_that_nobody_waits_for_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(readiness_posix.VARIABLE, raising=False)
    opened: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *words: opened.append(words))
    starter()()
    assert opened == []


def test_a_starter_that_has_gone_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(readiness_posix.VARIABLE, str(tmp_path / "nobody"))
    starter()()
    assert readiness_posix.VARIABLE not in os.environ, "a child would say it again"


def test_a_starter_without_a_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.bind(f"\0dala-test-{os.getpid()}")
        way.settimeout(5)
        monkeypatch.setenv(readiness_posix.VARIABLE, f"@dala-test-{os.getpid()}")
        starter()()
        assert way.recv(100) == b"READY=1"
