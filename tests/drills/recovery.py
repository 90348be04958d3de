"""``dev.py drill recovery``: the key is gone, the computer is dead, the database is damaged; a person mends it.

Everything is done as the program and a person in front of it do it: the workstation is built from its settings, the
ways in are those of `clinic_app.opening`, the backups lie on a second disk. The system's keyring is played by one in
memory that really keeps and really forgets.
"""

from __future__ import annotations

import argparse
import copy
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

import keyring
import keyring.backend
import pyrage

from clinic_app import workstation as wiring
from clinic_app.access import People
from clinic_app.foundation.errors import ClinicError, DamagedError, InvalidInputError, KeyLockedError
from clinic_app.keys import DATABASE_NAME, KeySlots
from clinic_app.keys.recovery_code import new_code
from clinic_app.keys.slot_file import SLOT_FILES
from clinic_app.opening import Opening
from clinic_app.settings import Settings, load_settings, save_settings
from clinic_app.storage.backups import second_disk
from clinic_app.workstation import Workstation, build_workstation
from tests.drills.claims import Claims
from tests.drills.comparing import compare
from tests.drills.writing import QUICK_SLOTS, Ward
from tests.helpers.stores import PASSWORD, QUICK

WAYS: Final = ("user", "recovery", "escrow")
DISASTERS: Final = ("damaged database", "one damaged key file", "both key files damaged", "dead computer")
_WRITES: Final = 40
_WRONG_PASSWORDS: Final = 6
_WRONG_IDENTITIES: Final = 20
_DAMAGED_BYTES: Final = 8192


class Ring(keyring.backend.KeyringBackend):
    """The keyring of one computer, in memory."""

    priority = 0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Go through every disaster; then see that a program which mends badly is found out."""
    parser = argparse.ArgumentParser(prog="drill recovery")
    parser.add_argument("--tries", type=int, default=10_000, help="wrong recovery codes")
    parser.add_argument("--quick", action="store_true", help="passwords cost nothing: for tests")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    done = rehearse(options.tries, is_quick=options.quick)
    caught = [name for name, mutant in MUTANTS.items() if _is_found_out(mutant)]
    figures: dict[str, object] = {
        "opened": len(done.opened),
        "of": len(WAYS),
        "opened_by": done.opened,
        "tried": done.tried,
        "refused": done.refused,
        "mended": done.mended,
        "mutants_caught": caught,
        "examples": done.amiss[:5],
        "seconds": round(time.monotonic() - begin, 1),
    }
    return figures, done.has_held and caught == list(MUTANTS)


def rehearse(tries: int, *, is_quick: bool) -> Rehearsal:
    """Set up a workstation, let everything happen to it, and return what came of it.

    Args:
        tries: wrong recovery codes of each sort.
        is_quick: whether passwords cost nothing.
    """
    ring = Ring()
    with (
        tempfile.TemporaryDirectory() as base,
        mock.patch.object(keyring, "get_keyring", return_value=ring),
        _quick_passwords() if is_quick else nullcontext(),
    ):
        done = Rehearsal(Path(base), ring, tries)
        done.go_through()
    return done


class Rehearsal:
    """One hospital and its bad year.

    Args:
        base: an empty folder; the computers and the second disk are folders in it.
        ring: the keyring of whatever computer is in use.
        tries: wrong recovery codes of each sort.
    """

    def __init__(self, base: Path, ring: Ring, tries: int) -> None:
        self.opened: list[str] = []
        self.mended: list[str] = []
        self.amiss: list[str] = []
        self.tried = self.refused = 0
        self._ring = ring
        self._tries = tries
        self._second = base / "second disk"
        self._computer = base / "computer"
        self._next_computer = base / "next computer"
        self._claims = Claims()
        self._identity = pyrage.x25519.Identity.generate()
        self._code = ""

    @property
    def has_held(self) -> bool:
        """Whether everything could be mended and nobody got in who may not."""
        is_closed = self.tried == self.refused > 0
        return not self.amiss and is_closed and tuple(self.opened) == WAYS and tuple(self.mended) == DISASTERS

    def go_through(self) -> None:
        """Do everything, each part whatever came of the others."""
        self._set_up()
        ways: dict[str, Callable[[Opening], bytes]] = {
            "user": lambda opening: opening.with_password("doctor", PASSWORD),
            "recovery": lambda opening: opening.with_recovery_code(self._code.lower().replace("-", " ")),
            "escrow": lambda opening: opening.with_escrow(str(self._identity)),
        }
        for name, way in ways.items():
            self._try(f"opening by {name}", partial(self._open_by, name, way))
        self._try("wrong keys", self._try_wrong_ones)
        mending = (self._damage_database, self._damage_one_copy, self._damage_both_copies, self._lose_computer)
        for name, disaster in zip(DISASTERS, mending, strict=True):
            self._try(name, partial(self._mend, name, disaster))

    # --- before -------------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        """Set up a workstation with an administrator, a doctor, a paper, an escrow, some work and a backup."""
        self._second.mkdir()
        self._computer.mkdir()
        settings = Settings(self._computer, {"backup_folder": str(self._second)})
        save_settings(settings)
        with closing(build_workstation(settings)) as station:
            self._code = station.set_up("Хромтау аудандық ауруханасы", "Ахметова Айгүл", "admin", PASSWORD)
            admin = station.people.sign_in("admin", PASSWORD)
            station.people.add(admin, "doctor", PASSWORD, "Өмірзақ Әлішер", "doctor")
            station.people.sign_in("doctor", PASSWORD)
            station.keys.keep_escrow(admin, str(self._identity.to_public()))
            store = station._store
            ward = Ward(store, KeySlots(store.folder, QUICK_SLOTS), self._claims.take, random.Random(1))
            for work in (ward.register, ward.picture, ward.staff, ward.remember, *[ward.step] * _WRITES):
                ward.do(work)
            self._claims.backups.clear()
            station.safekeeping.back_up_now(admin)

    # --- the key is gone ----------------------------------------------------------------------------------------------

    def _open_by(self, name: str, way: Callable[[Opening], bytes]) -> None:
        """Open without the keyring; from then on the keyring opens again by itself."""
        self._ring.kept.clear()
        settings = load_settings(self._computer)
        self._expect(KeyLockedError, "the data without their key", lambda: self._opened_and_closed(settings, None))
        if name not in Opening(settings).ways():
            self.amiss.append(f"{name} is not told as a way in")
        self._opened_and_closed(settings, way(Opening(settings)))
        self._opened_and_closed(settings, None)
        self.opened.append(name)

    def _opened_and_closed(self, settings: Settings, key: bytes | None) -> None:
        """Start the workstation, let somebody in and compare everything."""
        with closing(build_workstation(settings, key=key)) as station:
            self._look_at(station)

    def _look_at(self, station: Workstation) -> None:
        station.people.sign_in("doctor", PASSWORD)
        found = compare(station._store, self._claims)
        self.amiss += [*found.refusals, *found.lost, *found.damage]

    def _try_wrong_ones(self) -> None:
        """Try codes, passwords and keys that are not the ones; the slot file stays as it is."""
        opening = Opening(load_settings(self._computer))
        before = self._slot_files()
        for typed in self._wrong_codes():
            self._expect(ClinicError, f"the code {typed}", partial(opening.with_recovery_code, typed))
        for number in range(_WRONG_PASSWORDS):
            login = ("doctor", "admin", "nobody")[number % 3]
            wrong = PASSWORD[:-1] if number < 3 else secrets.token_hex(8)
            self._expect(KeyLockedError, f"a password of {login}", partial(opening.with_password, login, wrong))
        for _ in range(_WRONG_IDENTITIES):
            identity = str(pyrage.x25519.Identity.generate())
            self._expect(KeyLockedError, "another escrow key", partial(opening.with_escrow, identity))
        self._expect(InvalidInputError, "no escrow key", partial(opening.with_escrow, "AGE-SECRET-KEY-1QQQ"))
        self._ring.kept = {name: secrets.token_hex(32) for name in self._ring.kept}
        self._expect(KeyLockedError, "another keyring entry", opening.with_key_storage)
        if self._slot_files() != before:
            self.amiss.append("a wrong try changed the key files")
        opening.with_recovery_code(self._code)

    def _wrong_codes(self) -> Iterator[str]:
        rng = random.Random(1)
        yield from ("", "0000-0000", self._code[:-1], f"{self._code}0")
        for _ in range(self._tries // 2):
            yield new_code()[0]
            place = rng.choice([place for place, sign in enumerate(self._code) if sign != "-"])
            other = rng.choice([sign for sign in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if sign != self._code[place]])
            yield self._code[:place] + other + self._code[place + 1 :]

    # --- the disk is damaged, the computer is dead --------------------------------------------------------------------

    def _mend(self, name: str, disaster: Callable[[], None]) -> None:
        claims, self._ring.kept = copy.deepcopy(self._claims), {}
        try:
            disaster()
            self.mended.append(name)
        finally:
            self._claims = claims

    def _damage_database(self) -> None:
        """Write nonsense over the head of the database; the backup takes its place, the damaged file is kept."""
        settings, path = load_settings(self._computer), self._computer / DATABASE_NAME
        damaged = secrets.token_bytes(_DAMAGED_BYTES) + path.read_bytes()[_DAMAGED_BYTES:]
        path.write_bytes(damaged)
        opening = Opening(settings)
        key = opening.with_recovery_code(self._code)
        self._expect(DamagedError, "a damaged database", lambda: self._opened_and_closed(settings, key))
        kept = opening.restore(opening.backups()[0], key)
        if kept.read_bytes() != damaged:
            self.amiss.append("the damaged database was not kept as it was")
        self._opened_and_closed(settings, key)

    def _damage_one_copy(self) -> None:
        (self._computer / SLOT_FILES[0]).write_bytes(b"\0" * 700)
        settings = load_settings(self._computer)
        self._opened_and_closed(settings, Opening(settings).with_recovery_code(self._code))

    def _damage_both_copies(self) -> None:
        """Lose both key files; those on the second disk are put in their place."""
        for name in SLOT_FILES:
            (self._computer / name).write_bytes(b"\0" * 700)
        settings = load_settings(self._computer)
        self._expect(KeyLockedError, "damaged key files", lambda: Opening(settings).with_recovery_code(self._code))
        for name in SLOT_FILES:
            (self._computer / name).rename(self._computer / f"{name}.aside")
        second_disk.bring_back(self._copies(), self._computer)
        self._opened_and_closed(settings, Opening(settings).with_recovery_code(self._code))

    def _lose_computer(self) -> None:
        """Go on at another computer, with the second disk and the printed code and nothing else."""
        self._computer.rename(self._computer.with_name("burnt"))
        self._next_computer.mkdir()
        second_disk.bring_back(self._copies(), self._next_computer)
        settings = load_settings(self._next_computer)
        opening = Opening(settings)
        key = opening.with_recovery_code(self._code)
        opening.restore(opening.backups()[0], key)
        self._opened_and_closed(settings, key)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _try(self, what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except (ClinicError, OSError, IndexError) as error:
            self.amiss.append(f"{what}: {type(error).__name__}: {error}")

    def _expect(self, kind: type[ClinicError], what: str, work: Callable[[], object]) -> None:
        """Count a try that must be refused."""
        self.tried += 1
        try:
            work()
        except kind:
            self.refused += 1
        else:
            self.amiss.append(f"{what} opened")

    def _slot_files(self) -> list[bytes]:
        return [(self._computer / name).read_bytes() for name in SLOT_FILES]

    def _copies(self) -> Path:
        (folder,) = self._second.iterdir()
        return folder


@contextmanager
def _quick_passwords() -> Iterator[None]:
    """Let the wiring take passwords and slots that cost nothing."""
    with (
        mock.patch.object(wiring, "KeySlots", partial(KeySlots, passwords=QUICK_SLOTS)),
        mock.patch.object(wiring, "People", partial(People, passwords=QUICK)),
    ):
        yield


def _is_found_out(mutant: Callable[[], Any]) -> bool:
    with mutant():
        return not rehearse(4, is_quick=True).has_held


def _any_code_opens() -> Any:
    """Every code that is one opens."""
    real = KeySlots.open_with_recovery_code
    known: list[bytes] = []

    def opened(self: KeySlots, code: str) -> bytes:
        try:
            known.append(real(self, code))
        except KeyLockedError:
            if not known:
                raise
        return known[-1]

    return mock.patch.object(KeySlots, "open_with_recovery_code", opened)


def _passwords_open_nothing() -> Any:
    """A person's password is hashed for signing in and not kept as a way to the key."""
    return mock.patch.object(KeySlots, "keep_password")


def _backups_without_contents() -> Any:
    """The second disk gets the database only."""
    return mock.patch.object(second_disk, "_carry_blobs")


def _damaged_files_overwritten() -> Any:
    """A damaged database is replaced, and gone."""
    real = Opening.restore

    def restore(self: Opening, backup: Any, key: bytes) -> Path:
        kept = real(self, backup, key)
        kept.write_bytes(b"")
        return kept

    return mock.patch.object(Opening, "restore", restore)


MUTANTS: Final[dict[str, Callable[[], Any]]] = {
    "any-code-opens": _any_code_opens,
    "passwords-open-nothing": _passwords_open_nothing,
    "backups-without-contents": _backups_without_contents,
    "damaged-files-overwritten": _damaged_files_overwritten,
}
"""What this drill must find out."""
