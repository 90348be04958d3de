"""The status page in a real browser: what it shows, that its own policy lets its style in and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.helpers.hub_process import HubProcess

EVIL = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path_factory.mktemp("status") / "hub")
    running.enrol("org-31", f"Reception {EVIL}")
    with running:
        yield running


@pytest.fixture(scope="module")
def signed_in(hub: HubProcess) -> Iterator[str]:
    """An address that leads to the hub with the cookie of somebody who has signed in."""
    printed = hub.run("status-link", "--name", "Айгүл")
    link = printed.splitlines()[0]
    assert link.startswith(f"{hub.url}/status/enter?link="), "the hub has noted where it is reached"
    entered = httpx.post(f"{hub.url}/status/enter", data={"link": link.partition("link=")[2]})
    assert entered.status_code == 303
    cookie = f"dala-status={entered.cookies['dala-status']}"

    class Passing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(f"{hub.url}{self.path}", headers={"Cookie": cookie})
            self.send_response(answer.status_code)
            for name in ("content-type", "content-security-policy", "x-frame-options"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def in_browser(url: str, folder: Path) -> tuple[str, str]:
    """Return the page as a browser has understood it, and what the browser complained of."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "a browser is needed: apt install chromium"
    done = subprocess.run(
        [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={folder}",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    return done.stdout, done.stderr


def test_a_browser_shows_the_page_and_runs_nothing_on_it(hub: HubProcess, signed_in: str, tmp_path: Path) -> None:
    dom, complaints = in_browser(f"{signed_in}/status?lang=kk", tmp_path / "browser")
    assert "<title>Dala · Хабтың күйі</title>" in dom, "and the name of a device has run no script"
    assert "Reception &lt;script&gt;" in dom
    assert "<script" not in dom
    assert "org-31" in dom
    assert "Айгүл" in dom
    assert "Content Security Policy" not in complaints, complaints
    asked = httpx.get(f"{hub.url}/metrics").text
    assert 'route="/status/style.css",status="200"' in asked, "its style was let in by its own policy"


def test_nobody_gets_in_by_the_page_alone(hub: HubProcess) -> None:
    assert httpx.get(f"{hub.url}/status").status_code == 401
    assert httpx.get(f"{hub.url}/health").json()["status"] == "ok"
