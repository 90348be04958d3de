"""A bad satellite line: our exchange and a client that sends one record in each request, one after the other on it.

Run as ``python -m tests.performance.sync_line WAY …`` inside the namespace of the workstation; prints JSON.
"""

from __future__ import annotations

import json
import random
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import certifi
import httpx

from clinic_app.foundation.clock import SystemClock
from clinic_app.sync.wire import MEDIA_TYPE, encode_transaction
from tests.helpers.bad_line import ADDRESSES, BadLine, LineForm, why_not
from tests.helpers.fault_proxy import FaultProxy, Weather, make_certificate
from tests.helpers.hub_process import HubProcess
from tests.helpers.nodes import DISTRICT, node
from tests.helpers.waiting import wait_until
from tests.performance.sync_hub import measured_hub
from tests.performance.sync_material import ROOT, measure_patients, writes_of

_PATIENCE_S: Final = 900
_256_KBIT_S: Final = 32_000
_CUT_EVERY_S: Final = 30.0
_CUT_S: Final = 2.0


def measure_bad_line(folder: Path, ours: int, theirs: int, form: LineForm | None = None) -> dict[str, Any]:
    """Send measurements over a bad line in both ways, in turn; return the rates and their ratio.

    Args:
        folder: an empty one.
        ours: measurements our exchange sends, with what the program writes beside them.
        theirs: measurements the other client sends, each in a request of its own on one connection.
        form: how bad the line is.
    """
    if reason := why_not():
        return {"measured": False, "reason": reason}
    form = form or LineForm()
    authority = make_certificate(folder / "certificates", ADDRESSES["far"])
    hub = HubProcess(folder / "hub")
    tokens = [hub.enrol(DISTRICT, name) for name in ("naive", "ours")]
    certificate = ("--certificate", str(folder / "certificates" / "line.pem"))
    key = ("--certificate-key", str(folder / "certificates" / "line.key"))
    with (
        BadLine(form) as line,
        measured_hub(folder / "hub", *certificate, *key, at=line.at("far"), host=ADDRESSES["far"]) as running,
    ):
        told = (running.url, str(authority))
        naive = _client(line.at("near"), "naive", *told, tokens[0], str(theirs))
        batched = _client(line.at("near"), "ours", *told, tokens[1], str(ours))
    rates = [each["resources"] / each["seconds"] for each in (batched, naive)]
    return {
        "measured": True,
        "line": f"{form.kbit_s:g} kbit/s, {form.delay_s * 2000:g} ms round trip, {form.loss:.0%} loss each way, TLS",
        "congestion_control": _congestion_control(),
        "ours": {**batched, "per_s": round(rates[0], 1)},
        "one_request_each": {**naive, "per_s": round(rates[1], 2)},
        "ratio": round(rates[0] / rates[1], 1),
    }


def measure_cut_upload(folder: Path, size_bytes: int, scale: float = 1.0) -> dict[str, Any]:
    """Send one large content over a line of 256 kbit/s that is cut every 30 s; return what was sent in vain.

    Args:
        folder: an empty one.
        size_bytes: of the content.
        scale: how many times faster everything is, line and cuts, for a short look at it.
    """
    authority = make_certificate(folder / "certificates")
    hub = HubProcess(folder / "hub")
    token = hub.enrol(DISTRICT, "upload")
    certifi.where = lambda: str(authority)
    with (
        hub,
        FaultProxy(hub.url, folder / "certificates") as line,
        node(folder / "workstation", DISTRICT, SystemClock()) as here,
    ):
        line.change(Weather(bytes_per_s=round(_256_KBIT_S * scale)))
        content = random.Random(1).randbytes(size_bytes)
        sha256 = here.store.blobs.put(content)
        here.store.records.commit([], uploads=[sha256])
        service = here.sync(line.url, token, interval_s=1)
        cuts, is_over = [0], threading.Event()

        def cut() -> None:
            while not is_over.wait(_CUT_EVERY_S / scale):
                fair = line.weather
                line.change(Weather(is_cut=True))
                cuts[0] += 1
                is_over.wait(_CUT_S / scale)
                line.change(fair)

        knife = threading.Thread(target=cut, name="knife")
        begin = time.monotonic()
        service.start()
        knife.start()
        try:
            wait_until(lambda: not here.store.transfers.pending("up"), _PATIENCE_S, "the content is at the hub")
        finally:
            is_over.set()
            knife.join()
        seconds = time.monotonic() - begin
    return {
        "size_bytes": size_bytes,
        "sent_bytes": line.bytes_up,
        "waste": round(line.bytes_up / size_bytes - 1, 3),
        "cuts": cuts[0],
        "seconds": round(seconds, 1),
        "scale": scale,
    }


def main(words: Sequence[str]) -> None:
    """Send over the line this process is on and print what it took."""
    way, url, authority, token, count = words
    send = _send_as_we_do if way == "ours" else _send_one_by_one
    print(json.dumps(send(url, Path(authority), token, int(count))), flush=True)


def _send_as_we_do(url: str, authority: Path, token: str, count: int) -> dict[str, Any]:
    certifi.where = lambda: str(authority)
    with tempfile.TemporaryDirectory() as folder, node(Path(folder) / "ours", DISTRICT, SystemClock()) as here:
        measure_patients(here, count)
        waiting = here.store.outbox.count()
        service = here.sync(url, token, interval_s=1)
        begin = time.monotonic()
        service.start()
        wait_until(lambda: not here.store.outbox.count(), _PATIENCE_S, "everything is at the hub")
        return {"resources": waiting, "seconds": round(time.monotonic() - begin, 2)}


def _send_one_by_one(url: str, authority: Path, token: str, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, node(Path(folder) / "naive", DISTRICT, SystemClock()) as here:
        measure_patients(here, count)
        writes = writes_of(here, "Observation")[:count]
    context = ssl.create_default_context(cafile=str(authority))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
    with httpx.Client(base_url=url, headers=headers, verify=context, timeout=60, trust_env=False) as client:
        begin = time.monotonic()
        for write in writes:
            answer = client.post("/", content=encode_transaction([write]))
            assert answer.status_code == 200, answer.text
        return {"resources": len(writes), "seconds": round(time.monotonic() - begin, 2)}


def _client(at: list[str], *words: str) -> dict[str, Any]:
    command = [*at, sys.executable, "-m", "tests.performance.sync_line", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _congestion_control() -> str:
    setting = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return setting.read_text(encoding="ascii").strip() if setting.exists() else ""


if __name__ == "__main__":
    main(sys.argv[1:])
