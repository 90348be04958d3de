"""Images over a real port: DCMTK sends what real devices sent, strangers are refused, garbage hurts nobody."""

from __future__ import annotations

import io
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom import ae, dsutils
from pynetdicom.dimse_primitives import C_STORE

from clinic_app.access import Trail
from clinic_app.foundation.errors import DeviceError, DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.image_inbox import ImageInbox
from clinic_app.imaging.network import associations
from clinic_app.imaging.network.gate import Gate
from clinic_app.imaging.network.listener import ImageListener, Services
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.orders import ImageOrders
from clinic_app.imaging.reading import read_dataset
from clinic_app.storage.contents.blobs import BlobStore
from tests.helpers.clocks import FixedClock
from tests.helpers.image_desk import (
    AE,
    IIN_OF_ONE,
    IIN_OF_OTHER,
    Desk,
    all_of,
    dcmtk,
    image_bytes,
    image_desk,
    listening,
)
from tests.helpers.stores import opened
from tests.helpers.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
US: Final = all_of("US4", "Ultrasound, room 4")
ABROAD: Final = Peer("Abroad", "CTX", "203.0.113.5", uses=frozenset({"send"}))
ONLY_LIST: Final = Peer("Only asks", "ASKS", "127.0.0.1", uses=frozenset({"worklist"}))
PEERS: Final = (US, ABROAD, ONLY_LIST)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, ImageListener]]:
    with (
        image_desk(tmp_path_factory.mktemp("network")) as desk,
        listening(Services(desk.inbox), PEERS, desk.clock, unit_s=1.0) as listener,
    ):
        yield desk, listener


@pytest.fixture
def desk(place: tuple[Desk, ImageListener]) -> Iterator[Desk]:
    desk = place[0]
    yield desk
    for waiting in desk.inbox.waiting(desk.nurse):
        desk.inbox.set_aside(desk.nurse, waiting.study.key)


@pytest.fixture
def listener(place: tuple[Desk, ImageListener]) -> ImageListener:
    return place[1]


def raw(port: int, data: bytes) -> bytes:
    """Send bytes to the port and return what comes back until it is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError:
            return b""


def unit(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBL", kind, 0, len(body)) + body


def test_a_listed_device_is_answered_and_its_visit_is_noted(listener: ImageListener) -> None:
    code, said = dcmtk("echoscu", listener.port, calling="US4")
    assert code == 0, said
    wait_until(lambda: listener.book.visits()[0].ended_at)
    visit = listener.book.visits()[0]
    assert (visit.name, visit.ae_title, visit.is_refused, visit.remark) == (US.name, "US4", False, None)


def test_a_device_that_numbers_everybodys_study_alike_files_nobodys_images_for_another(
    desk: Desk, listener: ImageListener, tmp_path: Path
) -> None:
    people = ((desk.one, IIN_OF_ONE, "KASYMOV^ERLAN"), (desk.other, IIN_OF_OTHER, "PETROVA^ANNA"))
    for number in range(4):
        _patient, iin, name = people[number % 2]
        told = {"SOPInstanceUID": f"1.7.7.{number}", "StudyInstanceUID": "1.7", "SeriesInstanceUID": "1.7.7"}
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(image_bytes(PatientID=iin, PatientName=name, InstanceNumber=number, **told))
        code, said = dcmtk("storescu", listener.port, path, calling="US4")
        assert code == 0, said
    waiting = {each.matches[0].patient.id: each for each in desk.inbox.waiting(desk.nurse)}
    assert all(each.is_shared for each in waiting.values())
    for patient, _iin, _name in people:
        study = desk.inbox.confirm(desk.nurse, waiting[patient.id].study.key, patient.id)
        assert (study.subject.id, study.number_of_instances) == (patient.id, 2)
    assert desk.inbox.count() == 0


@pytest.mark.parametrize(
    ("calling", "called", "answer", "is_stranger"),
    [
        ("NOBODY", AE, "Calling AE Title Not Recognized", True),
        ("CTX", AE, "Calling AE Title Not Recognized", True),
        ("US4", "OTHER", "Called AE Title Not Recognized", False),
    ],
)
def test_who_is_not_let_in_is_told_why_and_so_are_people(
    listener: ImageListener, calling: str, called: str, answer: str, is_stranger: bool
) -> None:
    code, said = dcmtk("echoscu", listener.port, calling=calling, called=called)
    assert code != 0
    assert answer in said
    visit = listener.book.visits()[0]
    assert visit.is_refused
    assert visit.remark is not None
    assert visit.remark.render("kk")
    assert ((calling, "127.0.0.1") in {(each.ae_title, each.host) for each in listener.book.strangers()}) == is_stranger


def test_a_device_that_only_asks_for_the_list_sends_no_images(
    desk: Desk, listener: ImageListener, tmp_path: Path
) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(image_bytes())
    code, said = dcmtk("storescu", listener.port, path, calling="ASKS")
    assert code != 0, said
    assert desk.inbox.count() == 0


def test_one_picture_in_all_its_syntaxes_comes_as_it_was_sent(
    desk: Desk, listener: ImageListener, shared_data: Path, tmp_path: Path
) -> None:
    """What is in the store has, byte for byte, the compressed pixels of the file."""
    files = sorted((shared_data / "dicom" / "ct").glob("CTImage.dcm_*"))
    sent = 0
    for path in files:
        syntax = path.stem.rpartition("_")[2]
        copy = tmp_path / f"{syntax}.dcm"
        copy.write_bytes(path.read_bytes())
        option = {"1.2.840.10008.1.2.2": "-xb", "1.2.840.10008.1.2.1.99": "-xd", "1.2.840.10008.1.2.4.70": "-xs",
                  "1.2.840.10008.1.2.4.50": "-xy", "1.2.840.10008.1.2.4.51": "-xx", "1.2.840.10008.1.2.4.80": "-xt",
                  "1.2.840.10008.1.2.4.90": "-xv", "1.2.840.10008.1.2.5": "-xr",
                  "1.2.840.10008.1.2.1": "-xe"}.get(syntax)  # fmt: skip
        if option is None:
            continue  # storescu has no option for it
        before = {image.key for each in desk.inbox.waiting(desk.nurse) for image in each.study.images}
        code, said = dcmtk("storescu", listener.port, option, copy, calling="US4")
        if "No SOP Class or Instance UID in file" in said:
            continue  # DCMTK cannot read this one itself
        assert code == 0, said
        sent += 1
        images = [image for each in desk.inbox.waiting(desk.nurse) for image in each.study.images]
        (image,) = [each for each in images if each.key not in before]
        kept = desk.store.blobs.read(image.sha256)
        assert kept.startswith(bytes(128) + b"DICM")
        assert read_dataset(kept).PixelData == read_dataset(copy.read_bytes()).PixelData, syntax
        assert str(read_dataset(kept).file_meta.TransferSyntaxUID) in (syntax, "1.2.840.10008.1.2.1"), syntax
    assert sent >= 8


def test_real_files_of_many_kinds_are_taken(desk: Desk, listener: ImageListener, shared_data: Path) -> None:
    folders = [shared_data / "dicom" / name for name in ("us", "sr", "ecg", "mr")]
    dcmtk("storescu", listener.port, "-R", "+sd", "-nh", *folders, calling="US4")
    kinds = {kind for each in desk.inbox.waiting(desk.nurse) for kind in each.study.modalities}
    assert {"US", "SR", "ECG", "MR"} <= kinds


def test_nothing_of_an_image_lies_readable_on_the_disk(desk: Desk, listener: ImageListener, tmp_path: Path) -> None:
    path = tmp_path / "secret.dcm"
    path.write_bytes(image_bytes(PatientName="Verysecret^Person"))
    assert dcmtk("storescu", listener.port, path, calling="US4")[0] == 0
    assert desk.inbox.count() == 1
    for each in desk.store.folder.rglob("*"):
        assert not each.is_file() or b"Verysecret" not in each.read_bytes()


def test_the_same_image_again_is_success_and_other_bytes_are_kept_beside(
    desk: Desk, listener: ImageListener, tmp_path: Path
) -> None:
    first, other = tmp_path / "a.dcm", tmp_path / "b.dcm"
    first.write_bytes(image_bytes(SOPInstanceUID="1.4.4"))
    other.write_bytes(image_bytes(SOPInstanceUID="1.4.4", SeriesDescription="Other"))
    for path in (first, first, other):
        code, said = dcmtk("storescu", listener.port, path, calling="US4")
        assert (code, "Success" in said) == (0, True)
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert (len(waiting.study.images), waiting.study.others) == (2, 1)


def test_a_full_disk_is_said_to_the_device_and_to_people(
    desk: Desk, listener: ImageListener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFullError(Text("The disk is full. Nothing was saved; free some space and try again."))

    monkeypatch.setattr(BlobStore, "_write", full)
    path = tmp_path / "a.dcm"
    path.write_bytes(image_bytes(SOPInstanceUID="1.7.7"))
    _code, said = dcmtk("storescu", listener.port, path, calling="US4")
    assert "OutOfResources" in said
    assert desk.inbox.count() == 0
    assert listener.book.visits()[0].refused_images == 1


def test_an_image_that_is_not_what_its_command_says_is_refused(desk: Desk, listener: ImageListener) -> None:
    entity = ae.ApplicationEntity("US4")
    sent = dcmread(io.BytesIO(image_bytes(SOPInstanceUID="1.2.3.4.66")))
    entity.add_requested_context(sent.SOPClassUID, sent.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", listener.port, ae_title=AE)
    sent.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.67"
    other = dsutils.encode(sent, is_implicit_vr=False, is_little_endian=True)
    assert other is not None
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sent.SOPClassUID, UID("1.2.3.4.67")
    request.DataSet = io.BytesIO(other)
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, 1)
    _context, answer = association.dimse.get_msg(block=True)
    assert answer is not None
    assert answer.Status == 0xA900
    association._reactor_checkpoint.set()
    association.release()
    assert desk.inbox.count() == 0


def test_devices_send_at_the_same_time(desk: Desk, listener: ImageListener, tmp_path: Path) -> None:
    for sender in range(3):
        folder = tmp_path / str(sender)
        folder.mkdir()
        for number in range(4):
            uid = f"1.5.{sender}.{number}"
            (folder / f"{number}.dcm").write_bytes(image_bytes(SOPInstanceUID=uid, StudyInstanceUID=f"1.5.{sender}"))
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda at=sender: codes.append(
                dcmtk("storescu", listener.port, "+sd", tmp_path / str(at), calling="US4")[0]
            )
        )
        for sender in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    assert sorted(len(each.study.images) for each in desk.inbox.waiting(desk.nurse)) == [4, 4, 4]


def test_garbage_halves_and_huge_lengths_hurt_nobody(listener: ImageListener) -> None:
    chance = random.Random(20)
    hello = unit(1, b"\0\1\0\0" + AE.ljust(16).encode() + b"US4".ljust(16) + bytes(32))
    wrongs = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + b"x" * 100,
        struct.pack(">BBL", 4, 0, 0xFFFFFFFF),
        b"\1",
        hello[:30],
        hello,
        hello + unit(4, b""),
        hello + unit(4, struct.pack(">L", 0)),
        hello + unit(4, struct.pack(">LBB", 2, 1, 0)),
        hello + unit(4, struct.pack(">LBB", 0xFFFFFFFF, 1, 3) + b"x" * 40),
        unit(5, bytes(4)),
        unit(2, bytes(80)),
        *(unit(chance.randrange(1, 8), chance.randbytes(chance.randrange(120))) for _ in range(40)),
        *(hello + unit(4, chance.randbytes(chance.randrange(60))) for _ in range(20)),
    ]
    for wrong in wrongs:
        raw(listener.port, wrong)
    assert dcmtk("echoscu", listener.port, calling="US4")[0] == 0
    wait_until(lambda: not listener.gate._connected, 10)


def test_who_says_nothing_keeps_no_place(listener: ImageListener) -> None:
    """A stranger has four places; a fifth of his is closed at once, and a listed device still comes in."""
    held = [socket.create_connection(("127.0.0.1", listener.port), timeout=10) for _ in range(3)]
    try:
        for each in held:
            each.sendall(b"\1\0\0\0\1")  # half a unit, and then silence
        assert dcmtk("echoscu", listener.port, calling="US4")[0] == 0
        for each in held:
            each.settimeout(10)
            while each.recv(100):  # closed after the second a unit may take
                pass
    finally:
        for each in held:
            each.close()
    wait_until(lambda: not listener.gate._connected, 10)


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listener = ImageListener("127.0.0.1", port, Gate(AE), Services(None), FixedClock())  # type: ignore[arg-type]
        with pytest.raises(DeviceError, match=str(port)):
            listener.start()
        assert (listener.state, listener.port) == ("failed", 0)
        assert listener.problem is not None
        listener.stop()


def test_it_stops_while_a_device_is_connected_and_starts_again(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with image_desk(tmp_path) as desk:
        listener = ImageListener("127.0.0.1", 0, Gate(AE, PEERS), Services(desk.inbox), desk.clock)
        listener.start()
        with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
            wait_until(lambda: listener.gate._connected)
            listener.stop()
            assert connection.recv(10) in (b"", b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00")
        assert listener.state == "off"
        listener.start()
        assert dcmtk("echoscu", listener.port, calling="US4")[0] == 0
        listener.stop()
    assert set(threading.enumerate()) <= before


def test_a_connection_whose_association_is_only_being_made_ends_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, is_stopping = associations.GuardedHandler.handle, threading.Event()

    def late(handler: associations.GuardedHandler) -> None:
        is_stopping.wait(10)
        made(handler)

    monkeypatch.setattr(associations.GuardedHandler, "handle", late)
    with image_desk(tmp_path) as desk:
        listener = ImageListener("127.0.0.1", 0, Gate(AE, PEERS), Services(desk.inbox), desk.clock)
        listener.start()
        server = listener._server
        assert server is not None
        shut = server.shutdown
        monkeypatch.setattr(server, "shutdown", lambda: (shut(), is_stopping.set()))
        with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
            wait_until(lambda: not listener.gate.is_empty)
            listener.stop()
            assert connection.recv(10) in (b"", b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00")
        assert listener.gate.is_empty


CHILD: Final = """
import sys, threading
from pathlib import Path
from tests.helpers.clocks import FixedClock
from tests.helpers.image_desk import all_of, image_desk, listening
from clinic_app.imaging.network.listener import Services
with image_desk(Path(sys.argv[1])) as desk, listening(Services(desk.inbox), (all_of("US4"),), FixedClock()) as listener:
    print(listener.port, flush=True)
    threading.Event().wait()
"""


def test_what_was_answered_with_success_is_there_after_the_power_is_cut(tmp_path: Path) -> None:
    folder, files = tmp_path / "data", tmp_path / "files"
    files.mkdir()
    for number in range(40):
        (files / f"{number:02d}.dcm").write_bytes(
            image_bytes(64, SOPInstanceUID=f"1.6.{number}", InstanceNumber=number)
        )
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ}
    )
    assert child.stdout is not None
    port = int(child.stdout.readline())
    sender = subprocess.Popen(
        ["storescu", "-v", "-aet", "US4", "-aec", AE, "+sd", "127.0.0.1", str(port), str(files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert sender.stdout is not None
    answered = 0
    for line in sender.stdout:
        answered += b"Received Store Response (Success)" in line
        if answered == 12:
            child.send_signal(signal.SIGKILL)
            break
    answered += sum(b"Received Store Response (Success)" in line for line in sender.stdout)
    sender.wait(30)
    child.wait(30)
    child.stdout.close()
    sender.stdout.close()
    with opened(folder) as store:
        trail = Trail(store, FixedClock())
        inbox = ImageInbox(store, trail, FixedClock(), ImageOrders(store, trail, FixedClock(), str))
        kept = list(inbox._waiting().values())
        assert len(kept) >= answered >= 12
        assert all(inbox.keeps(each.sop_uid, each.sop_class) for each in kept)
