"""The slot file in the hands of somebody who has the disk and not the key: bounded, believed where it proves itself."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import ClinicError, KeyLockedError
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, wrapping
from clinic_app.keys.slot_file import MOST_SLOTS, SLOT_FILES, Copies, is_sealed

QUICK: Final = SlotCost(8, 1)
PASSWORD: Final = "дала-самалы-7"
Slots = list[dict[str, Any]]


class House:
    """A data folder with a slot of every kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.storage = FileKeyStorage(folder)
        self.slots = KeySlots(folder, QUICK)
        self.key = self.slots.create(self.storage)
        self.identity = str(pyrage.x25519.Identity.generate())
        self.recipient = str(pyrage.x25519.Identity.from_str(self.identity).to_public())
        self.slots.keep_password("doctor", PASSWORD, self.key, "mark")
        self.slots.keep_password("nurse", PASSWORD, self.key, "mark")
        self.slots.keep_escrow(self.recipient, self.key)
        self.code = self.slots.new_recovery_code(self.key)
        self.good = self.bodies()

    def bodies(self) -> list[bytes]:
        """Return what both copies say."""
        return [(self.folder / name).read_bytes() for name in SLOT_FILES]

    def put(self, *bodies: bytes) -> None:
        """Make the copies say something else."""
        for name, body in zip(SLOT_FILES, bodies, strict=True):
            (self.folder / name).write_bytes(body)

    def spoilt(self, spoil: Callable[[dict[str, Any]], object]) -> bytes:
        """Return a copy somebody has changed."""
        said = json.loads(self.good[0])
        spoil(said)
        return json.dumps(said).encode()

    def openings(self) -> dict[str, Callable[[], bytes]]:
        """Return every way that should open."""
        return {
            "file": lambda: self.slots.open_from(self.storage),
            "user": lambda: self.slots.open_with_password("doctor", PASSWORD),
            "recovery": lambda: self.slots.open_with_recovery_code(self.code),
            "escrow": lambda: self.slots.open_with_escrow(self.identity),
        }


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def _of_kind(said: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(slot for slot in said["slots"] if slot["kind"] == kind)


def _flip(said: dict[str, Any], kind: str, field: str = "sealed") -> None:
    slot = _of_kind(said, kind)
    raw = bytearray(base64.b64decode(slot[field]))
    raw[len(raw) // 2] ^= 1
    slot[field] = base64.b64encode(raw).decode()


# --- copies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "user", "recovery", "escrow"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_slot_spoilt_in_one_copy_opens_from_the_other_and_is_mended(house: House, kind: str, place: int) -> None:
    bodies = list(house.good)
    bodies[place] = house.spoilt(lambda said: _flip(said, kind))
    house.put(*bodies)
    assert house.openings()[kind]() == house.key
    assert [json.loads(body) for body in house.bodies()] == [json.loads(house.good[0])] * 2


@pytest.mark.parametrize("kind", ["user", "recovery", "escrow"])
def test_opening_by_another_way_never_copies_the_damage_over_the_whole_copy(house: House, kind: str) -> None:
    house.put(house.spoilt(lambda said: _flip(said, kind)), house.good[1])
    assert house.slots.open_from(house.storage) == house.key
    assert house.openings()[kind]() == house.key


@pytest.mark.parametrize("kind", ["user", "recovery", "escrow"])
def test_keeping_something_new_builds_on_the_whole_copy(house: House, kind: str) -> None:
    house.put(house.spoilt(lambda said: _flip(said, kind)), house.good[1])
    house.slots.keep_password("registrar", PASSWORD, house.key)
    assert house.openings()[kind]() == house.key
    assert house.slots.open_with_password("registrar", PASSWORD) == house.key


def test_damage_in_different_slots_of_both_copies_locks_neither(house: House) -> None:
    house.put(house.spoilt(lambda said: _flip(said, "recovery")), house.spoilt(lambda said: _flip(said, "user")))
    for kind in ("file", "user", "recovery"):
        assert house.openings()[kind]() == house.key
    house.slots.keep_password("registrar", PASSWORD, house.key)
    for kind in ("file", "user", "recovery"):
        assert house.openings()[kind]() == house.key
    assert len(list(house.folder.glob("keys*.damaged-*"))) == 2


def test_what_is_written_over_without_being_whole_is_kept_aside(house: House) -> None:
    damaged = house.spoilt(lambda said: _flip(said, "user"))
    house.put(damaged, house.good[1])
    house.slots.open_from(house.storage)
    (aside,) = house.folder.glob("keys*.damaged-*")
    assert aside.read_bytes() == damaged


def test_what_is_kept_aside_does_not_fill_the_disk(house: House) -> None:
    for number in range(30):
        house.put(b"damage %d" % number, house.good[1])
        house.slots.open_from(house.storage)
    assert len(list(house.folder.glob("keys*.damaged-*"))) == 16


def test_of_two_whole_copies_the_newer_one_wins_whichever_it_is(house: House) -> None:
    house.slots.forget_password("nurse", house.key)
    newer = house.bodies()[0]
    for bodies in ((house.good[0], newer), (newer, house.good[1])):
        house.put(*bodies)
        house.slots.open_from(house.storage)
        assert house.bodies() == [newer, newer]
        with pytest.raises(KeyLockedError):
            house.slots.open_with_password("nurse", PASSWORD)


def test_a_refused_opening_writes_nothing(house: House) -> None:
    house.put(house.spoilt(lambda said: _flip(said, "user")), b"{")
    before = house.bodies()
    with pytest.raises(KeyLockedError):
        house.slots.open_with_password("doctor", PASSWORD)
    with pytest.raises(KeyLockedError):
        house.slots.open_with_escrow(str(pyrage.x25519.Identity.generate()))
    assert house.bodies() == before
    assert not list(house.folder.glob("keys*.damaged-*"))


# --- somebody plants something ---------------------------------------------------------------------------------------


def test_an_escrow_that_was_planted_is_never_sealed_to(house: House, tmp_path: Path) -> None:
    thief = pyrage.x25519.Identity.generate()

    def plant(said: dict[str, Any]) -> None:
        _of_kind(said, "escrow")["recipient"] = str(thief.to_public())

    house.put(*[house.spoilt(plant)] * 2)
    assert house.slots.open_from(house.storage) == house.key
    assert house.slots.escrow_recipient(house.key) == ""
    (tmp_path / "clinic.db.rekeyed").write_bytes(b"copy")
    house.slots.add_next_key(house.key, bytes(range(32)), [house.storage])
    (tmp_path / "clinic.db.rekeyed").unlink()
    assert str(thief.to_public()) not in house.bodies()[0].decode()
    with pytest.raises(KeyLockedError):
        house.slots.open_with_escrow(str(thief))


def test_a_seal_nobody_with_the_key_made_is_none(house: House) -> None:
    (copy,) = Copies(house.folder).readable()
    assert is_sealed(copy, house.key)
    assert not is_sealed(copy, bytes(32))
    assert not is_sealed(msgspec.structs.replace(copy, slots=copy.slots[1:]), house.key)
    assert not is_sealed(msgspec.structs.replace(copy, serial=copy.serial + 1), house.key)
    assert not is_sealed(msgspec.structs.replace(copy, seals={}), house.key)


@pytest.mark.parametrize("field", ["id", "kind", "key", "form"])
def test_a_slot_is_bound_to_its_place_its_kind_and_its_key(house: House, field: str) -> None:
    def move(said: dict[str, Any]) -> None:
        recovery = _of_kind(said, "recovery")
        recovery[field] = {"id": "elsewhere", "kind": "user", "key": said["key"][::-1], "form": 1}[field]

    house.put(*[house.spoilt(move)] * 2)
    with pytest.raises(KeyLockedError):
        house.slots.open_with_recovery_code(house.code)


def test_a_slot_of_one_person_is_not_anothers(house: House) -> None:
    house.slots.keep_password("guest", "guest password", house.key)
    said = json.loads(house.bodies()[0])
    doctor = next(slot for slot in said["slots"] if slot["kind"] == "user")
    guest = [slot for slot in said["slots"] if slot["kind"] == "user"][-1]
    guest["id"], doctor["id"] = doctor["id"], "nobody"
    house.put(*[json.dumps(said).encode()] * 2)
    with pytest.raises(KeyLockedError):
        house.slots.open_with_password("doctor", "guest password")


def test_slots_of_another_folder_do_not_open_here(house: House, tmp_path: Path) -> None:
    other = House(tmp_path / "other")
    house.put(*other.good)
    for kind in ("file", "user", "recovery", "escrow"):
        with pytest.raises(KeyLockedError):
            house.openings()[kind]() if kind == "file" else other_way(house, kind)


def other_way(house: House, kind: str) -> bytes:
    """Try what belongs to this folder on slots that were put there from another one."""
    return {
        "user": lambda: house.slots.open_with_password("doctor", "another password"),
        "recovery": lambda: house.slots.open_with_recovery_code(house.code),
        "escrow": lambda: house.slots.open_with_escrow(house.identity),
    }[kind]()


# --- a file that wants too much --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory_kib", "passes"),
    [
        (64 << 20, 1),
        (2**31 - 1, 1),
        (2**63, 1),
        (-1, 1),
        (0, 0),
        (8, 2**31),
        (8, 0),
        (262_144, 10),
        (7, 1),
        (65_536, -3),
    ],
)
def test_a_slot_that_asks_for_absurd_work_is_passed_over(
    house: House, memory_kib: int, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    real = wrapping.hash_secret_raw

    def watched(*arguments: Any, **options: Any) -> bytes:
        asked.append((options["memory_cost"], options["time_cost"]))
        return bytes(real(*arguments, **options))

    monkeypatch.setattr(wrapping, "hash_secret_raw", watched)

    def spoil(said: dict[str, Any]) -> None:
        for slot in said["slots"]:
            if slot["kind"] == "user":
                slot.update(memory_kib=memory_kib, passes=passes)

    house.put(*[house.spoilt(spoil)] * 2)
    with pytest.raises(KeyLockedError):
        house.slots.open_with_password("doctor", PASSWORD)
    assert all(memory <= 262_144 and memory * times <= 786_432 for memory, times in asked)


def test_a_thousand_slots_of_one_login_cost_two_guesses_a_copy(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(wrapping, "hash_secret_raw", lambda *_, **__: asked.append(1) or bytes(32))

    def multiply(said: dict[str, Any]) -> None:
        user = _of_kind(said, "user")
        said["slots"] = [{**user, "salt": base64.b64encode(number.to_bytes(16)).decode()} for number in range(1000)]

    crowd = house.spoilt(multiply)
    house.put(crowd, crowd.replace(b'"serial": ', b'"serial": 9'))
    with pytest.raises(KeyLockedError):
        house.slots.open_with_password("doctor", PASSWORD)
    assert len(asked) == 4


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"site":' * 100_000,
        b" " * (2 << 20),
        b'{"site":"x","slots":['
        + b",".join([b'{"id":"a","kind":"user","nonce":"","sealed":""}'] * (MOST_SLOTS + 1))
        + b"]}",
        b'{"site":"x","slots":[{"id":"a","kind":"user","nonce":"","sealed":"' + b"A" * (1 << 20) + b'"}]}',
    ],
    ids=["brackets", "nested", "spaces", "too many slots", "a huge slot"],
)
def test_a_file_larger_than_any_of_ours_is_no_slot_file(house: House, body: bytes) -> None:
    house.put(body, house.good[1])
    tracemalloc.start()
    try:
        assert house.slots.open_from(house.storage) == house.key
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20
    house.put(body, body)
    with pytest.raises(KeyLockedError, match="damaged"):
        house.slots.kinds()
    with pytest.raises(KeyLockedError, match="damaged"):
        house.slots.open_from(house.storage)


def test_a_file_is_never_written_that_could_not_be_read_again(house: House) -> None:
    (copy,) = Copies(house.folder).readable()
    before = house.bodies()
    crowd = msgspec.structs.replace(copy, slots=copy.slots * MOST_SLOTS)
    with pytest.raises(KeyLockedError):
        Copies(house.folder).write(crowd, house.key)
    assert house.bodies() == before


def test_a_folder_in_the_place_of_a_copy_is_a_sentence(house: House) -> None:
    (house.folder / SLOT_FILES[0]).unlink()
    (house.folder / SLOT_FILES[0]).mkdir()
    with pytest.raises(ClinicError):
        house.slots.kinds()


# --- any damage ------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 100_000),
    value=st.integers(0, 255),
    kind=st.sampled_from(["file", "user", "recovery", "escrow"]),
)
def test_one_changed_byte_of_both_copies_opens_rightly_or_is_a_sentence(
    house: House, place: int, value: int, kind: str
) -> None:
    bad = bytearray(house.good[0])
    bad[place % len(bad)] = value
    house.put(bytes(bad), bytes(bad))
    try:
        assert house.openings()[kind]() == house.key
    except KeyLockedError:
        assert bytes(bad) != house.good[0]
    finally:
        house.put(*house.good)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 100_000), kind=st.sampled_from(["file", "user", "recovery", "escrow"]))
def test_a_copy_cut_anywhere_never_matters_while_the_other_is_whole(house: House, length: int, kind: str) -> None:
    cut = house.good[0][: length % len(house.good[0])]
    for bodies in ((cut, house.good[1]), (house.good[0], cut)):
        house.put(*bodies)
        assert house.openings()[kind]() == house.key
    house.put(*house.good)
