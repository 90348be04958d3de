"""The offline day: two workstations, the hub as its own process, a link that is cut."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from clinic_app.consultation import OpinionForm
from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.folder import open_hub_store
from clinic_app.records import DiagnosticReport, Organization, Patient, Task
from clinic_app.referral import Case
from clinic_app.referral.cases import case_of
from clinic_app.sync import Failed, Succeeded, SyncService
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_process import HubProcess
from tests.helpers.link import Link
from tests.helpers.nodes import CENTRE, DISTRICT, OUTSIDER, Node, form, node, patient_with_evidence
from tests.helpers.waiting import wait_until

DRAFT = "Черновик: возможно, инфаркт"
SIGNED = "STEMI нижней стенки. ≥2 мм в II, III, aVF."


@dataclass
class Network:
    """A hub, and the district and the centre each behind a link of their own."""

    hub: HubProcess
    folder: Path
    district: Node
    centre: Node
    district_link: Link
    centre_link: Link
    district_sync: SyncService
    centre_sync: SyncService
    clock: FixedClock

    def start(self) -> None:
        """Start both exchanges and let the hospitals get to know one another."""
        self.district_sync.start()
        self.centre_sync.start()
        wait_until(
            lambda: self._knows(self.district) and self._knows(self.centre), 30, "the hospitals know one another"
        )

    def refer(self) -> Case:
        """Send a case from the district."""
        patient, evidence = patient_with_evidence(self.district)
        return self.district.referrals.send(self.district.session("doctor"), patient.id, form(evidence))

    def seen(self, here: Node, task_id: str) -> Case | None:
        """Return a case as it is known here, or None."""
        tasks = [task for task in here.store.records.find(Task) if task.id == task_id]
        return case_of(here.store, tasks[0]) if tasks else None

    def await_case(self, here: Node, task_id: str, holds: Callable[[Case], bool], what: str) -> Case:
        """Wait until a case is known here and ``holds`` for it."""

        def found() -> Case | None:
            self._nudge()
            case = self.seen(here, task_id)
            return case if case and holds(case) else None

        case = wait_until(found, 30, what)
        assert case is not None
        return case

    def await_break(self, link: Link) -> None:
        """Wait until a link has broken by itself."""

        def is_broken() -> bool:
            self._nudge()
            return not link.is_up

        wait_until(is_broken, 60, "the link breaks")

    def _nudge(self) -> None:
        """Do not wait out the back-off after a failure."""
        for sync in (self.district_sync, self.centre_sync):
            if isinstance(sync.state(), Failed):
                sync.sync_now()

    def _knows(self, here: Node) -> bool:
        self._nudge()
        return {DISTRICT, CENTRE} <= {each.id for each in here.store.records.find(Organization)}


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    clock = FixedClock()
    hub = HubProcess(tmp_path / "hub")
    tokens = [hub.enrol(DISTRICT, "D"), hub.enrol(CENTRE, "C")]
    with (
        hub,
        node(tmp_path / "district", DISTRICT, clock) as district,
        node(tmp_path / "centre", CENTRE, clock) as centre,
        Link(hub.url) as district_link,
        Link(hub.url) as centre_link,
    ):
        yield Network(
            hub,
            tmp_path / "hub",
            district,
            centre,
            district_link,
            centre_link,
            district.sync(district_link.url, tokens[0], interval_s=0.2),
            centre.sync(centre_link.url, tokens[1], interval_s=0.2),
            clock,
        )


def _hub_bytes(network: Network) -> bytes:
    """Return every byte of text the hub's database holds, decrypted."""
    network.hub.stop()
    store = open_hub_store(network.folder, None)
    try:
        with store.database.reading() as connection:
            raw = connection.connection.driver_connection
            return "\n".join(_dump(raw)).encode()
    finally:
        store.close()


def _dump(raw: sqlcipher.Connection | sqlite3.Connection) -> Iterator[str]:
    tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for row in raw.execute(f'SELECT * FROM "{table}"'):
            for value in row:
                yield value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def test_offline_referral_is_answered_once_after_three_days(network: Network) -> None:
    network.start()
    network.district_link.cut()
    wait_until(lambda: isinstance(network.district_sync.state(), Failed), 30)
    case = network.refer()
    network.district_sync.sync_now()
    wait_until(
        lambda: network.seen(network.district, case.task.id).progress == "queued",  # type: ignore[union-attr]
        30,
        "the case stands as queued",
    )
    assert network.district_sync.queue().records >= 3
    assert network.district_sync.queue().blobs == 1
    sent_at = network.clock.now()
    network.clock.advance(days=3)
    network.district_link.restore()

    there = network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")
    assert there.number == case.number
    here = network.await_case(
        network.district, case.task.id, lambda each: each.task.status == "received", "the district sees it arrived"
    )
    assert here.progress == "received-by-hub"
    assert here.sent_at == sent_at
    assert here.hub_received_at is not None

    specialist = network.centre.session("specialist")
    network.centre.consultations.open(specialist, case.task.id)
    network.await_case(network.district, case.task.id, lambda each: each.progress == "opened", "it is seen as opened")
    network.centre.consultations.sign(specialist, case.task.id, OpinionForm(SIGNED, "Тромболизис, затем перевод."))
    network.await_case(network.district, case.task.id, lambda each: each.progress == "answered", "the answer arrives")

    doctor = network.district.session("doctor")
    answer = wait_until(lambda: network.district.consultations.answer(doctor, case.task.id), 10)
    assert answer is not None
    assert answer.report.conclusion == SIGNED
    assert answer.plan is not None
    assert answer.is_signature_valid
    assert network.district.consultations.mark_read(doctor, case.task.id).progress == "closed"
    network.await_case(
        network.centre, case.task.id, lambda each: each.progress == "closed", "the centre sees it closed"
    )
    assert len(network.district.store.records.find(DiagnosticReport)) == 1
    assert len(network.centre.store.records.find(Task)) == 1
    assert network.district.store.records.conflicts() == ()
    assert network.centre.store.records.conflicts() == ()


def test_draft_is_never_visible_to_the_district(network: Network) -> None:
    network.start()
    case = network.refer()
    network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")
    specialist = network.centre.session("specialist")
    network.centre.consultations.open(specialist, case.task.id)
    network.centre.consultations.save_draft(specialist, case.task.id, OpinionForm(DRAFT, "Черновик плана"))
    network.await_case(network.district, case.task.id, lambda each: each.progress == "opened", "it is seen as opened")
    assert network.district.store.records.find(DiagnosticReport) == ()
    assert network.centre.consultations.draft(specialist, case.task.id) == OpinionForm(DRAFT, "Черновик плана")
    network.centre.consultations.sign(specialist, case.task.id, OpinionForm(SIGNED))
    network.await_case(network.district, case.task.id, lambda each: each.progress == "answered", "the answer arrives")
    held = _hub_bytes(network)
    assert SIGNED.encode() in held
    assert "Черновик".encode() not in held


def test_the_hub_never_sees_the_evidence_or_the_patient_of_the_package(network: Network) -> None:
    network.start()
    case = network.refer()
    network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")
    package = case.request.supporting_info[0].id if case.request else ""
    assert package
    waiting = network.district.store.transfers
    wait_until(lambda: not waiting.pending("up"), 30, "the package is at the hub")  # the patient's card may come before
    network.hub.stop()
    store = open_hub_store(network.folder, None)
    try:
        held = [store.blobs.read(row) for row in _pieces(store)]
    finally:
        store.close()
    assert held
    assert all("Қасымов".encode() not in piece and b"DICM" not in piece for piece in held)


def _pieces(store: object) -> list[str]:
    from sqlalchemy import select

    from clinic_app.storage.feed.tables import FEED_PIECE

    with store.database.reading() as connection:  # type: ignore[attr-defined]
        return list(connection.execute(select(FEED_PIECE.c.piece_sha256)).scalars())


def test_lost_response_does_not_duplicate(network: Network) -> None:
    network.start()
    network.district_sync.pause(True)
    case = network.refer()
    network.district_link.lose_next_answer()
    network.district_sync.pause(False)
    wait_until(lambda: not network.district_link.is_up, 30, "the answer is lost")
    wait_until(lambda: isinstance(network.district_sync.state(), Failed), 30)
    assert network.district.store.outbox.rows_for("Task", case.task.id)[0].state == "queued"
    network.district_link.restore()
    network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")
    network.await_case(network.district, case.task.id, lambda each: each.progress == "received-by-hub", "acknowledged")
    assert all(row.state == "acked" for row in network.district.store.outbox.rows_for("Task", case.task.id))
    assert len(network.centre.store.records.find(Task)) == 1
    assert network.district.store.records.conflicts() == ()


def test_blob_upload_resumes_after_cut(network: Network) -> None:
    network.start()
    network.district_sync.pause(True)
    big = network.district.store.blobs.put(_noise(3_000_000))
    network.district.store.records.commit([], uploads=[big], lane="bulk")
    network.district_link.cut_after_bytes_up(1_200_000)
    network.district_sync.pause(False)
    wait_until(lambda: not network.district_link.is_up, 30, "the link is cut under way")
    before = network.district_link.bytes_up
    network.district_link.restore()
    network.district_sync.sync_now()

    def arrived() -> bool:
        transfer = network.district.store.transfers.get(big, "up")
        return transfer is not None and transfer.state == "done"

    wait_until(arrived, 30, "the whole has arrived")
    sent_again = network.district_link.bytes_up - before
    assert sent_again < 2_800_000


def test_foreign_organisation_sees_nothing(network: Network, tmp_path: Path) -> None:
    network.start()
    case = network.refer()
    network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")
    with node(tmp_path / "outsider", OUTSIDER, network.clock) as outsider:
        sync = outsider.sync(network.hub.url, network.hub.enrol(OUTSIDER, "O"), interval_s=0.2)
        sync.start()
        wait_until(lambda: len(outsider.store.records.find(Organization)) == 3, 30, "it knows the hospitals")
        wait_until(lambda: isinstance(sync.state(), Succeeded), 30)
        assert outsider.store.records.find(Task) == ()
        assert outsider.store.records.find(Patient) == ()
        sync.stop()


def test_the_hub_may_die_and_come_back(network: Network) -> None:
    network.start()
    network.hub.kill()
    case = network.refer()
    wait_until(lambda: isinstance(network.district_sync.state(), Failed), 30)
    network.hub.start()
    network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")


def test_two_workstations_of_one_hospital_do_not_quarrel_about_the_arrival(network: Network, tmp_path: Path) -> None:
    network.start()
    with node(tmp_path / "colleague", CENTRE, network.clock) as colleague:
        sync = colleague.sync(network.hub.url, network.hub.enrol(CENTRE, "C2"), interval_s=0.2)
        sync.start()
        wait_until(lambda: len(colleague.store.records.find(Organization)) == 2, 30)
        case = network.refer()
        for here in (network.centre, colleague):
            network.await_case(here, case.task.id, lambda each: each.task.status == "received", "it has arrived")
        network.centre.consultations.open(network.centre.session("specialist"), case.task.id)
        network.await_case(
            colleague, case.task.id, lambda each: each.progress == "opened", "the colleague sees it taken"
        )
        for here in (network.centre, colleague):
            assert here.store.records.conflicts() == ()
            assert all(row.state == "acked" for row in here.store.outbox.rows_for("Task", case.task.id))
        sync.stop()


def test_a_link_of_a_thousand_cuts_loses_and_doubles_nothing(network: Network) -> None:
    """Every break is of another kind: after some bytes, in the answer, or the hub's own death."""
    chance = random.Random(20260305)
    network.start()
    sent: list[Case] = []
    for step in range(12):
        if step % 2 == 0:
            sent.append(network.refer())
        link = network.district_link if step % 3 else network.centre_link
        if step == 5:
            network.hub.kill()
            network.hub.start()
            continue
        if chance.random() < 0.5:
            link.lose_next_answer()
        else:
            link.cut_after_bytes_up(chance.randint(200, 40_000 if step in (2, 4, 8, 10) else 1_000))
        network.await_break(link)
        link.restore()
    for case in sent:
        network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "every case arrives")
        network.await_case(
            network.district, case.task.id, lambda each: each.task.status == "received", "and is answered"
        )
    for here in (network.district, network.centre):
        assert len(here.store.records.find(Task)) == len(sent)
        assert len(here.store.records.find(Patient)) == len(sent)
        assert here.store.records.conflicts() == ()
        for case in sent:
            states = {row.state for row in here.store.outbox.rows_for("Task", case.task.id)}
            assert states <= {"acked"}


def test_a_stick_may_be_faster_than_the_link(network: Network, tmp_path: Path) -> None:
    network.start()
    network.district_link.cut()
    case = network.refer()
    doctor, specialist = network.district.session("doctor"), network.centre.session("specialist")
    stick = network.district.referrals.save_package(doctor, case.task.id, tmp_path / "stick")
    network.centre.referrals.open_package(stick)
    network.centre.consultations.open(specialist, case.task.id)
    network.centre.consultations.sign(specialist, case.task.id, OpinionForm(SIGNED))
    wait_until(
        lambda: all(row.attempts for row in network.centre.store.outbox.rows_for("Task", case.task.id)[:1]),
        30,
        "the hub does not take the answer's Task yet",
    )
    network.district_link.restore()
    network.await_case(network.district, case.task.id, lambda each: each.progress == "answered", "the answer arrives")
    answer = network.district.consultations.answer(doctor, case.task.id)
    assert answer is not None
    assert answer.is_signature_valid
    assert network.centre.store.records.conflicts() == ()


def test_a_forged_answer_is_shown_as_such(network: Network) -> None:
    network.start()
    case = network.refer()
    network.await_case(network.centre, case.task.id, lambda each: each.patient is not None, "the case arrives")
    specialist = network.centre.session("specialist")
    network.centre.consultations.open(specialist, case.task.id)
    network.centre.consultations.sign(specialist, case.task.id, OpinionForm(SIGNED))
    network.await_case(network.district, case.task.id, lambda each: each.progress == "answered", "the answer arrives")
    doctor = network.district.session("doctor")
    honest = network.district.consultations.answer(doctor, case.task.id)
    assert honest is not None
    assert honest.is_signature_valid
    network.district_sync.stop()
    body = network.district.store.records.body(DiagnosticReport, honest.report.id)
    version = f'"versionId":"{honest.report.version_id}"'.encode()
    forged = body.replace(SIGNED.encode(), b"All is well.").replace(version, b'"versionId":"forged"')
    network.district.store.records.receive([forged])
    shown = network.district.consultations.answer(doctor, case.task.id)
    assert shown is not None
    assert shown.report.conclusion == "All is well."
    assert not shown.is_signature_valid


def test_real_time_of_the_hub_is_the_second_clock(network: Network) -> None:
    network.start()
    started_at = SystemClock().now()
    case = network.refer()
    here = network.await_case(
        network.district, case.task.id, lambda each: each.hub_received_at is not None, "the hub has it"
    )
    assert here.hub_received_at is not None
    assert here.hub_received_at >= started_at
    assert here.sent_at == network.clock.now()


def _noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)
