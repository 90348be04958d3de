"""The checks: each tries one thing for real and says in a sentence what came of it."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import httpx

from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Language, Text, translate
from clinic_app.selftest.installation import signature
from clinic_app.settings import HUB_URL, KEY_STORAGE, Settings

Outcome = Literal["ok", "warning", "failed"]
LEAST_FREE_BYTES: Final = 2_000_000_000
ENOUGH_FREE_BYTES: Final = 20_000_000_000
FARTHEST_S: Final = 120.0
"""A hub's clock and ours may differ by so much."""
_PROBE_BYTES: Final = 1 << 20
_KAZAKH: Final = "ӘәҒғҚқҢңӨөҰұҮүҺһІі"
_SEEN: Final = {"kk": "Save", "ru": "Save"}
_OLDEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """What is looked through.

    Args:
        settings: of the data folder, which need not be there yet.
        clock: the wall clock.
        transport: for tests, in place of the network.
    """

    settings: Settings
    clock: Clock
    transport: httpx.BaseTransport | None = None

    @classmethod
    def of(cls, settings: Settings) -> Place:
        """Return this computer with these settings."""
        return cls(settings, SystemClock())


@dataclass(frozen=True)
class Finding:
    """What came of one check.

    Args:
        name: of the check.
        outcome: whether people can work here.
        words: a sentence about it.
        seconds: it took.
    """

    name: str
    outcome: Outcome
    words: Text
    seconds: float


Check = Callable[[Place], tuple[Outcome, Text]]


def look_through(place: Place, checks: Iterable[tuple[str, Check]] | None = None) -> list[Finding]:
    """Return what every check found; one that trips has failed, and the next is tried all the same."""
    found = []
    for name, check in CHECKS if checks is None else checks:
        began = time.perf_counter()
        try:
            outcome, words = check(place)
        except ClinicError as error:
            outcome, words = "failed", error.text
        except Exception as error:  # noqa: BLE001 - a border: whatever breaks on a computer is what is asked for
            _log.warning("the self-test of %s has tripped", name, exc_info=True)
            outcome, words = "failed", Text("It does not work: {kind}: {words}", kind=type(error).__name__, words=error)
        found.append(Finding(name, outcome, words, round(time.perf_counter() - began, 3)))
    return found


def keyring(place: Place) -> tuple[Outcome, Text]:
    """Keep a secret in the system's keyring, read it back and forget it."""
    from clinic_app.keys.key_storage import KeyringStorage

    if place.settings[KEY_STORAGE] == "file":
        return "warning", Text("The key lies in a file beside the data: whoever has the disk has both.")
    storage, name, secret = KeyringStorage(), f"selftest-{secrets.token_hex(4)}", secrets.token_bytes(32)
    storage.save(name, secret)
    try:
        if storage.load(name) != secret:
            return "failed", Text("The keyring gave back something else than was kept in it.")
    finally:
        storage.forget(name)
    return "ok", Text("The keyring of this computer keeps secrets.")


def disk(place: Place) -> tuple[Outcome, Text]:
    """Write into the data folder, read it back, and see how much room there is."""
    from clinic_app.storage.folder.place import check_place

    folder = place.settings.folder
    check_place(folder)
    is_new = not folder.exists()
    probe, body = folder / f"selftest-{secrets.token_hex(4)}.part", secrets.token_bytes(_PROBE_BYTES)
    try:
        write_atomically(probe, (body,))
        with disk_errors(folder):
            is_whole, free = probe.read_bytes() == body, shutil.disk_usage(folder).free
    finally:
        probe.unlink(missing_ok=True)
        if is_new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    if not is_whole:
        return "failed", Text("The disk gave back something else than was written.")
    words = Text("The data folder can be written; {free} GB are free.", free=round(free / 1e9))
    if free < ENOUGH_FREE_BYTES:
        return ("failed" if free < LEAST_FREE_BYTES else "warning"), words
    return "ok", words


def database(place: Place) -> tuple[Outcome, Text]:
    """Make an encrypted database of the newest revision in a folder of its own, close it and open it again."""
    from clinic_app.keys import DATABASE_NAME
    from clinic_app.storage import Store

    key = secrets.token_bytes(32)
    with tempfile.TemporaryDirectory(prefix="dala-selftest-", ignore_cleanup_errors=True) as folder:
        for _ in range(2):
            with closing(Store.open(Path(folder), key, place.clock)):
                pass
        if (Path(folder) / DATABASE_NAME).read_bytes()[:15] == b"SQLite format 3":
            return "failed", Text("The database is not encrypted.")
    return "ok", Text("An encrypted database was made and opened again.")


def clock(place: Place) -> tuple[Outcome, Text]:
    """See whether this computer's clock can be right; the hub's own is compared when the hub is asked."""
    now = place.clock.now()
    if now < _OLDEST:
        return "failed", Text("The clock of this computer says {date}: set it.", date=f"{now:%Y-%m-%d}")
    return "ok", Text("The clock says {date} {time} UTC.", date=f"{now:%Y-%m-%d}", time=f"{now:%H:%M}")


def decoders(place: Place) -> tuple[Outcome, Text]:
    """Compress a picture in every way hospitals do and have the decoding process give it back."""
    import imagecodecs
    import numpy as np

    from clinic_app.foundation.apart import Children, CodedFrame

    del place
    rows, columns = np.mgrid[0:64, 0:48]
    picture = ((rows * 37 + columns * 11) % 251).astype(np.uint8)
    coded = {
        "jpeg-ls": imagecodecs.jpegls_encode(picture),
        "jpeg 2000": imagecodecs.jpeg2k_encode(picture, reversible=True),
        "htj2k": imagecodecs.htj2k_encode(picture, reversible=True),
        "jpeg xl": imagecodecs.jpegxl_encode(picture, lossless=True),
        "jpeg lossless": imagecodecs.ljpeg_encode(picture),
    }
    wrong = []
    children = Children(count=1)
    try:
        for family, body in coded.items():
            answer, found = children.run(CodedFrame(family=family), bytes(body))
            if answer.shape != picture.shape or found != picture.tobytes():
                wrong.append(family)
        answer, _ = children.run(CodedFrame(family="jpeg"), bytes(imagecodecs.jpeg8_encode(picture)))
        if answer.shape != picture.shape:
            wrong.append("jpeg")
    finally:
        children.close()
    if wrong:
        return "failed", Text("These images come out wrong: {names}.", names=", ".join(wrong))
    return "ok", Text("Images in {count} compressions come out as they went in.", count=len(coded) + 1)


def fonts(place: Place) -> tuple[Outcome, Text]:
    """See whether the fonts of documents are there with every Kazakh letter, and the texts of the languages too."""
    from clinic_app.documents.fonts import printable

    del place
    printable(_KAZAKH)
    languages: tuple[Language, ...] = ("kk", "ru")
    silent = [language for language in languages if translate(_SEEN[language], language) == _SEEN[language]]
    if silent:
        return "failed", Text("The texts of these languages are missing: {names}.", names=", ".join(silent))
    return "ok", Text("The fonts have every Kazakh letter; the texts are there in three languages.")


def serial_ports(place: Place) -> tuple[Outcome, Text]:
    """List the serial ports."""
    from clinic_app.devices.serial_port import serial_places

    del place
    names = [each.name for each in serial_places()]
    if not names:
        return "ok", Text("There are no serial ports, and none are in the way.")
    return "ok", Text("Serial ports: {names}.", names=", ".join(names))


def audio(place: Place) -> tuple[Outcome, Text]:
    """List the microphones; a computer without sound only has no electronic stethoscope."""
    from clinic_app.devices.stethoscope.microphone import microphones

    del place
    names = microphones()
    if not names:
        return "warning", Text("No microphone was found: an electronic stethoscope cannot be heard here.")
    return "ok", Text("Microphones: {names}.", names=", ".join(names))


def hub(place: Place) -> tuple[Outcome, Text]:
    """Ask the hub who it is, and compare its clock with ours; nothing is told to it."""
    url = place.settings[HUB_URL]
    if not url:
        return "ok", Text("No hub is set; this workstation stands alone.")
    try:
        with (
            httpx.Client(timeout=15.0, trust_env=False, transport=place.transport) as client,
            client.stream("GET", f"{url.rstrip('/')}/identity") as answer,
        ):
            pass  # its first lines are enough; a body may have no end
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if own := _own_certificate(url, error):
            return "warning", own
        return "failed", Text("The hub {url} cannot be reached: {kind}.", url=url, kind=type(error).__name__)
    if answer.status_code >= 400:
        return "failed", Text("The hub {url} answers with {code}.", url=url, code=answer.status_code)
    apart_s = _seconds_apart(answer.headers.get("date", ""), place.clock.now())
    if apart_s is not None and apart_s > FARTHEST_S:
        words = Text("The hub was reached, but its clock and ours differ by {seconds} s.", seconds=round(apart_s))
        return "warning", words
    return "ok", Text("The hub {url} was reached.", url=url)


def _own_certificate(url: str, error: Exception) -> Text | None:
    """Return what is said of a hub whose certificate this computer does not know; None where that is not the fault.

    What a person has confirmed lies with the patients' data, which the self-test does not open.
    """
    from clinic_app.keys.certificates import fingerprint_of
    from clinic_app.sync.discovery import shown_certificate

    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return None
    try:
        fingerprint = fingerprint_of(shown_certificate(url))
    except ClinicError:
        return None
    return Text(
        "The hub {url} answers with a certificate of its own. Compare it with the hub's: {fingerprint}",
        url=url,
        fingerprint=fingerprint,
    )


def firewall(place: Place) -> tuple[Outcome, Text]:
    """See whether other computers get through to what this installation listens with."""
    from clinic_app.computer.firewall import shut, this_firewall, wanted_doors
    from clinic_app.computer.firewall_command import hub_folder

    wanted = wanted_doors(place.settings, hub_folder(place.settings.folder))
    if not wanted:
        return "ok", Text("No door is needed: nothing listens to the network.")
    if closed := shut(this_firewall(), wanted):
        names = ", ".join(f"{door.name} (TCP {door.port})" for door in closed)
        return "warning", Text(
            "The firewall keeps others from: {names}. As administrator: Dala-console.exe --firewall apply", names=names
        )
    return "ok", Text("What listens to the network can be reached: {count}.", count=len(wanted))


def _seconds_apart(date: str, now: datetime) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return abs((parsedate_to_datetime(date) - now).total_seconds())
    except (ValueError, TypeError):
        return None


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("keyring", keyring),
    ("disk", disk),
    ("database", database),
    ("clock", clock),
    ("decoders", decoders),
    ("fonts", fonts),
    ("serial", serial_ports),
    ("audio", audio),
    ("hub", hub),
    ("firewall", firewall),
    ("signature", signature),
)
"""In the order in which they are made and told."""
