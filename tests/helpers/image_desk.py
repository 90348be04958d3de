"""A workstation's imaging side over a real store: orders, the inbox, a listener on a free port, and two patients."""

from __future__ import annotations

import os
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from clinic_app.access import Session, Trail
from clinic_app.imaging.image_inbox import ImageInbox
from clinic_app.imaging.network.gate import Gate
from clinic_app.imaging.network.listener import ImageListener, Services
from clinic_app.imaging.network.peers import USES, Peer
from clinic_app.imaging.order_record import OrderForm
from clinic_app.imaging.orders import ImageOrder, ImageOrders
from clinic_app.imaging.waiting_image import WaitingImage, read_beginning, waiting_image
from clinic_app.records import Patient
from clinic_app.storage import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.stores import opened, patient, session_of, set_up

IIN_OF_ONE: Final = "850101300124"
IIN_OF_OTHER: Final = "061211600012"
AE: Final = "DALA"
_LONGEST_S: Final = 60


@dataclass
class Desk:
    """What stands on it."""

    store: Store
    clock: FixedClock
    trail: Trail
    orders: ImageOrders
    inbox: ImageInbox
    doctor: Session
    nurse: Session
    registrar: Session
    one: Patient
    other: Patient

    def order(self, **more: Any) -> ImageOrder:
        """Order an ultrasound for the first patient, in an hour."""
        form = {"modality": "US", "body_part": "Abdomen", "reason": "Pain", "at": self.clock.now() + timedelta(hours=1)}
        return self.orders.order(self.doctor, self.one.id, OrderForm(**{**form, **more}))  # type: ignore[arg-type]

    def send(self, **elements: Any) -> WaitingImage:
        """Put an image into the inbox as a device would have sent it."""
        image = self.image(**elements)
        self.inbox.take(image)
        return image

    def image(self, **elements: Any) -> WaitingImage:
        """Return an image whose bytes are kept."""
        data = image_bytes(**elements)
        dataset = read_beginning(data, "", is_whole=True)
        sha256 = self.inbox.put(lambda: iter((data,)))
        return waiting_image(
            dataset,
            sha256=sha256,
            digest=sha256,
            size_bytes=len(data),
            sender="Ultrasound",
            host="127.0.0.1",
            received_at=self.clock.now(),
        )


@contextmanager
def image_desk(folder: Path) -> Iterator[Desk]:
    """Set one up in an empty folder."""
    clock = FixedClock()
    with opened(folder, clock=clock) as store:
        set_up(store, "doctor", "nurse", "registrar")
        trail = Trail(store, clock)
        orders = ImageOrders(store, trail, clock, lambda: "AB12")
        one, other = patient("Қасымов", "Ерлан", iin=IIN_OF_ONE), patient("Петрова", "Анна", iin=IIN_OF_OTHER)
        store.records.commit((one, other))
        doctor, nurse, registrar = (session_of(store, role) for role in ("doctor", "nurse", "registrar"))
        inbox = ImageInbox(store, trail, clock, orders)
        yield Desk(store, clock, trail, orders, inbox, doctor, nurse, registrar, one, other)


def image_bytes(size: int = 8, **elements: Any) -> bytes:
    """Return the bytes of a small picture with these elements."""
    seed = zlib.crc32(str(elements).encode())
    pixels = np.random.default_rng(seed).integers(0, 255, (size, size)).astype(np.uint16)
    return bytes_of(made_file(pixels, **elements))


@contextmanager
def listening(
    services: Services, peers: Sequence[Peer], clock: FixedClock, port: int = 0, **more: Any
) -> Iterator[ImageListener]:
    """Listen on a port of this computer, a free one where none is said, for the length of the block."""
    listener = ImageListener("127.0.0.1", port, Gate(AE, peers), services, clock, **more)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def all_of(title: str, name: str = "", **more: Any) -> Peer:
    """Return a device that may do everything."""
    return Peer(name or title, title, "127.0.0.1", uses=frozenset(USES), **more)


def dcmtk(program: str, port: int, *arguments: str | Path, calling: str, called: str = AE) -> tuple[int, str]:
    """Run a program of DCMTK against a port of this computer; return how it ended and what it said."""
    command = [program, "-v", "-aet", calling, "-aec", called, "127.0.0.1", str(port), *map(str, arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=_LONGEST_S,
        check=False,
        env={**os.environ, "TCP_NODELAY": "1"},
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")
