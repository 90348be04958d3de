"""A hub with a certificate of its own announces itself; a workstation finds it, a person confirms it, and it works."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clinic_app.access import Trail
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import LinkError, NotAllowedError
from clinic_app.records import AuditEvent
from clinic_app.sync.discovery import NearbyHub
from clinic_app.sync.enrolment import HubEnrolment
from clinic_app.sync.hub_certificate import keep_certificate, tls_of
from clinic_app.sync.link import HubLink
from clinic_app.sync.listening import nearby_hubs
from tests.helpers.certificates import OwnCertificate, own_certificate
from tests.helpers.hub_process import ROOT, HubProcess
from tests.helpers.stores import opened, session_of, set_up

HERE = "127.0.0.1"


@dataclass
class Announced:
    """A running hub: where it is, what it shows, a token of it."""

    url: str
    own: OwnCertificate
    token: str


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    folder = tmp_path_factory.mktemp("announced")
    own = own_certificate(folder)
    token = HubProcess(folder / "hub").enrol("org-a", "PC")
    words = ["--data", str(folder / "hub"), "--port", "0", "--reserve-mb", "0", "--announce", "--name", "Аурухана"]
    words += ["--certificate", str(own.certificate), "--certificate-key", str(own.key)]
    with (folder / "hub.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "clinic_app.hub", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, (folder / "hub.log").read_text(encoding="utf-8")
        yield Announced(url, own, token)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def _asked(url: str, token: str, **options: object) -> str:
    """Return the cursor of a hub's feed."""

    async def ask() -> str:
        link = HubLink(url, token, SystemClock(), **options)  # type: ignore[arg-type]
        try:
            return (await link.changes("")).cursor
        finally:
            await link.close()

    return asyncio.run(ask())


def test_it_is_found_confirmed_and_then_trusted_and_nothing_else_is(announced: Announced, tmp_path: Path) -> None:
    found = [hub for hub in nearby_hubs(1.5) if hub.fingerprint == announced.own.fingerprint]
    assert [(hub.name, hub.url) for hub in found] == [("Аурухана", announced.url)]
    with opened(tmp_path) as store:
        set_up(store)
        enrolment = HubEnrolment(store, Trail(store, SystemClock()), SystemClock(), lambda: "", lambda _: None)
        administrator = session_of(store, "administrator")
        with pytest.raises(LinkError):
            enrolment.look(administrator, announced.url)
        seen = enrolment.trust(administrator, found[0])
        assert (seen.url, seen.name) == (announced.url, "Аурухана")
        assert _asked(announced.url, announced.token, tls=tls_of(store, announced.url))
        assert tls_of(store, "https://elsewhere:8443") is True
        events = [store.records.body(AuditEvent, each.id).decode() for each in store.records.find(AuditEvent)]
        assert any(announced.own.fingerprint in event for event in events)


def test_without_it_not_a_byte_of_the_token_is_shown(announced: Announced) -> None:
    with pytest.raises(LinkError, match="cannot be reached"):
        _asked(announced.url, announced.token)


def test_another_certificate_at_the_same_address_is_refused(announced: Announced, tmp_path: Path) -> None:
    other = own_certificate(tmp_path, "other")
    with opened(tmp_path / "store") as store:
        keep_certificate(store, announced.url, other.certificate.read_text(encoding="ascii"))
        with pytest.raises(LinkError, match="cannot be reached"):
            _asked(announced.url, announced.token, tls=tls_of(store, announced.url))


def test_only_an_administrator_looks_and_trusts(announced: Announced, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        set_up(store, "nurse")
        enrolment = HubEnrolment(store, Trail(store, SystemClock()), SystemClock(), lambda: "", lambda _: None)
        nurse = session_of(store, "nurse")
        hub = NearbyHub("Аурухана", announced.url, announced.own.fingerprint)
        for ask in (lambda: enrolment.nearby(nurse), lambda: enrolment.trust(nurse, hub)):
            with pytest.raises(NotAllowedError):
                ask()
        assert tls_of(store, announced.url) is True
