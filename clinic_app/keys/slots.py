"""Every way into one data folder: slots that each hold the data key, sealed under a key kept somewhere else.

```
keyring, file   the storage of this computer, one slot for each account of the system
user            a person's password (Argon2id): unlocking is signing in
recovery        the printed code
escrow          the organisation's secret key (age, X25519)
```

A slot that does not open, or a damaged copy of the file, never hides another that does; nothing is written while the
data are locked. How far a file is believed is said in `clinic_app.keys.slot_file`.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.foundation.typed_words import tidy
from clinic_app.keys.derived import KEY_BYTES
from clinic_app.keys.key_storage import KeyStorage
from clinic_app.keys.recovery_code import new_code, read_code
from clinic_app.keys.slot_file import Copies, Slot, SlotFile, key_id
from clinic_app.keys.wrapping import (
    SALT_BYTES,
    SlotCost,
    code_key,
    escrowed,
    identity_of,
    password_key,
    unescrowed,
    unwrapped,
    wrapped,
)

_MOST_OF_A_STORAGE: Final = 64
_MOST_TRIES_OF_A_PASSWORD: Final = 2
_DEFAULT_COST: Final = SlotCost()
_MISSING: Final = Text("The key file of these data is missing. Restore it from a backup; nothing was changed.")
_Opener = Callable[[SlotFile, Slot], bytes | None]


class KeySlots:
    """The slots of one data folder.

    Args:
        folder: the data folder.
        passwords: what a guess of a password costs in slots made from now on; tests take a quicker one.

    Safe for use from several threads; one program at a time (`clinic_app.storage.folder.one_instance`).
    """

    def __init__(self, folder: Path, passwords: SlotCost = _DEFAULT_COST) -> None:
        self._copies = Copies(folder)
        self._cost = passwords
        self._lock = threading.RLock()

    def exist(self) -> bool:
        """Return whether there is a slot file, readable or not."""
        return self._copies.exist()

    def kinds(self) -> frozenset[str]:
        """Return the kinds of slots there are; none where there is no slot file.

        Raises:
            KeyLockedError: the slot file is damaged.
        """
        return frozenset(slot.kind for copy in self._copies.readable() for slot in self._present(copy))

    def create(self, storage: KeyStorage) -> bytes:
        """Make the data key of an empty folder and its first slot; return the key.

        Raises:
            KeyLockedError: there are slots already, or ``storage`` does not keep what it is given.
            DiskFullError: no room for the slot file.
        """
        with self._lock:
            if self._copies.exist():
                raise KeyLockedError(Text("These data have a key already."))
            key = secrets.token_bytes(KEY_BYTES)
            file = SlotFile(new_id(), (), key=key_id(key))
            slot = _stored(file.site, storage, key)
            self._copies.write(msgspec.structs.replace(file, slots=(slot,)), key)
        return key

    # --- opening -----------------------------------------------------------------------------------------------------

    def open_from(self, storage: KeyStorage) -> bytes:
        """Return the data key by what a storage of this computer keeps.

        Raises:
            KeyLockedError: no slot of that kind is there, or none opens.
        """
        has_slot, has_secret = False, False

        def open_slot(file: SlotFile, slot: Slot) -> bytes | None:
            nonlocal has_slot, has_secret
            if slot.kind != storage.kind:
                return None
            has_slot = True
            secret = storage.load(slot.id)
            if secret is None:
                return None
            has_secret = True
            return unwrapped(file.site, slot, secret)

        key = self._opened(open_slot)
        if key is not None:
            return key
        if not has_slot:
            raise KeyLockedError(Text("These data were not set up for the key storage “{kind}”.", kind=storage.kind))
        if not has_secret:
            raise KeyLockedError(Text("The key of these data is not in this computer's key storage."))
        raise KeyLockedError(Text("The key in this computer's key storage is not the one of these data."))

    def open_with_password(self, login: str, password: str) -> bytes:
        """Return the data key by a person's login and password; takes a quarter of a second on purpose.

        Raises:
            KeyLockedError: it does not open; who knows the one cannot find out about the other.
        """
        tries: Counter[int] = Counter()

        def open_slot(file: SlotFile, slot: Slot) -> bytes | None:
            is_his = slot.kind == "user" and slot.id == _login_id(file.site, login)
            if not is_his or tries[id(file)] == _MOST_TRIES_OF_A_PASSWORD:
                return None
            tries[id(file)] += 1
            derived = password_key(password, slot.salt, SlotCost(slot.memory_kib, slot.passes))
            return None if derived is None else unwrapped(file.site, slot, derived)

        key = self._opened(open_slot)
        if key is None:
            if not tries:  # nobody's password takes as long as somebody's
                password_key(password, bytes(SALT_BYTES), self._cost)
            raise KeyLockedError(Text("This login and password do not unlock the data of this computer."))
        return key

    def open_with_recovery_code(self, code: str) -> bytes:
        """Return the data key by the printed code, as somebody typed it.

        Raises:
            InvalidInputError: it was typed wrongly.
            KeyLockedError: it is a code, but not the newest one of these data.
        """
        secret = read_code(code)

        def open_slot(file: SlotFile, slot: Slot) -> bytes | None:
            return unwrapped(file.site, slot, code_key(secret, slot.salt)) if slot.kind == "recovery" else None

        key = self._opened(open_slot)
        if key is None:
            raise KeyLockedError(
                Text("This recovery code does not open these data. A newer one was made, or it belongs to others.")
            )
        return key

    def open_with_escrow(self, age_identity: str) -> bytes:
        """Return the data key by the organisation's secret key (``AGE-SECRET-KEY-1…``, or the words of its file).

        Raises:
            InvalidInputError: this is no secret key.
            KeyLockedError: nothing here was sealed to it.
        """
        identity = identity_of(age_identity)

        def open_slot(file: SlotFile, slot: Slot) -> bytes | None:
            return unescrowed(file.site, slot, identity) if slot.kind == "escrow" else None

        key = self._opened(open_slot)
        if key is None:
            raise KeyLockedError(Text("The organisation's key does not open these data: they were not left with it."))
        return key

    # --- keeping -----------------------------------------------------------------------------------------------------

    def keep_in(self, storage: KeyStorage, key: bytes) -> None:
        """Let a storage of this computer open the data from now on; other accounts' slots stay.

        Raises:
            KeyLockedError: ``storage`` does not keep what it is given.
            DiskFullError: no room.
        """
        with self._lock:
            file = self._newest(key)
            ours = [slot for slot in self._present(file) if slot.kind == storage.kind]
            known = {slot.id: secret for slot in ours if (secret := storage.load(slot.id)) is not None}
            if any(unwrapped(file.site, slot, known[slot.id]) == key for slot in ours if slot.id in known):
                return
            others = [slot.id for slot in ours if slot.id not in known]
            dead = {*known, *others[: max(0, len(others) + 1 - _MOST_OF_A_STORAGE)]}
            kept = tuple(slot for slot in file.slots if slot.id not in dead)
            self._write(file, (*kept, _stored(file.site, storage, key)), key)

    def keep_password(self, login: str, password: str, key: bytes, mark: str = "") -> None:
        """Let a person's password open the data from now on, in place of his former one; takes as long as a guess.

        Args:
            login: upper and lower case are the same.
            password: as typed.
            key: the data key.
            mark: what changes whenever the password does; `has_password` compares it.

        Raises:
            DiskFullError: no room.
        """
        with self._lock:
            file = self._newest(key)
            salt = os.urandom(SALT_BYTES)
            derived = password_key(password, salt, self._cost)
            if derived is None:
                return
            slot = Slot(
                _login_id(file.site, login),
                "user",
                b"",
                b"",
                key=key_id(key),
                salt=salt,
                memory_kib=self._cost.memory_kib,
                passes=self._cost.passes,
                mark=_mark_of(file.site, mark),
            )
            self._replace(file, slot.id, wrapped(file.site, slot, derived, key), key)

    def has_password(self, login: str, mark: str) -> bool:
        """Return whether the person's present password opens the data, at the present cost."""
        return any(
            slot.kind == "user"
            and slot.id == _login_id(copy.site, login)
            and slot.mark == _mark_of(copy.site, mark)
            and (slot.memory_kib, slot.passes) == (self._cost.memory_kib, self._cost.passes)
            for copy in self._copies.readable()[:1]
            for slot in self._present(copy)
        )

    def forget_password(self, login: str, key: bytes) -> None:
        """Let a person's password open the data no longer.

        Raises:
            DiskFullError: no room.
        """
        with self._lock:
            file = self._newest(key)
            slots = tuple(slot for slot in file.slots if slot.id != _login_id(file.site, login))
            if slots != file.slots:
                self._write(file, slots, key)

    def new_recovery_code(self, key: bytes) -> str:
        """Return a fresh recovery code that opens the data from now on; the former one no longer does.

        Raises:
            DiskFullError: no room; the former code still opens.
        """
        with self._lock:
            file = self._newest(key)
            code, slot = _recovery_slot(file.site, key)
            slots = tuple(each for each in file.slots if each.kind != "recovery")
            self._write(file, (*slots, slot), key)
        return code

    def keep_escrow(self, recipient: str, key: bytes) -> None:
        """Leave the data key with the organisation: sealed to its public key (``age1…``), in place of a former one.

        Raises:
            InvalidInputError: this is no public key.
            DiskFullError: no room.
        """
        with self._lock:
            file = self._newest(key)
            slots = tuple(each for each in file.slots if each.kind != "escrow")
            self._write(file, (*slots, _escrow_slot(file.site, recipient, key)), key)

    def escrow_recipient(self, key: bytes) -> str:
        """Return whom the data key is left with, or an empty string; only a file under its own seal is believed."""
        file = self._newest(key)
        return next((slot.recipient for slot in self._present(file) if slot.kind == "escrow"), "")

    # --- the data key changes ----------------------------------------------------------------------------------------

    def add_next_key(self, key: bytes, next_key: bytes, storages: Iterable[KeyStorage]) -> str:
        """Add slots for the data key that is to follow; return the recovery code that will open it.

        Both keys have slots from now on. Which of them opens is decided by whether the database under the next one
        still waits beside the present one. Passwords are asked again at the next sign-in.

        Raises:
            KeyLockedError: a storage does not keep what it is given.
            DiskFullError: no room; nothing changed.
        """
        with self._lock:
            file = self._without_next(self._newest(key))
            file = msgspec.structs.replace(file, key=key_id(key), next_key=key_id(next_key))
            recipient = next((slot.recipient for slot in file.slots if slot.kind == "escrow"), "")
            added = [_stored(file.site, storage, next_key) for storage in storages]
            if recipient:
                added.append(_escrow_slot(file.site, recipient, next_key))
            code, recovery = _recovery_slot(file.site, next_key)
            slots = (*file.slots, *added, recovery)
            self._copies.write(msgspec.structs.replace(file, slots=slots), key, next_key)
        return code

    def settle(self, key: bytes) -> None:
        """End a change of the data key: ``key`` has opened the database, the slots of the other one go.

        Raises:
            DiskFullError: no room; both keys still have slots.
        """
        with self._lock:
            if not any(copy.next_key for copy in self._copies.readable()):
                return
            file = self._newest(key)
            slots = tuple(slot for slot in file.slots if (slot.key or file.key) == key_id(key))
            self._copies.write(msgspec.structs.replace(file, slots=slots, key=key_id(key), next_key=""), key)

    def says_it_is(self, key: bytes) -> bool:
        """Return whether a slot file of this folder was sealed with ``key``: another witness that it is the key."""
        try:
            return self._copies.trusted(key) is not None
        except KeyLockedError:
            return False

    def destroy(self, storage: KeyStorage | None) -> None:
        """Make the data unreadable for ever: every way to their key on this computer goes.

        Args:
            storage: of this computer; what it keeps for these data goes too, as far as it can be asked. None for none.

        Raises:
            StorageError: the disk refused it; what is left is destroyed the next time.
        """
        with self._lock:
            if storage is not None:
                self._forget_in(storage)
            self._copies.destroy()

    def _forget_in(self, storage: KeyStorage) -> None:
        with suppress(KeyLockedError):
            for name in {slot.id for copy in self._copies.readable() for slot in copy.slots}:
                with suppress(KeyLockedError):
                    storage.forget(name)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _opened(self, open_slot: _Opener) -> bytes | None:
        """Return what the first slot gives that opens, in whichever copy; make the copies equal afterwards."""
        with self._lock:
            copies = self._copies.readable()
            if not copies:
                raise KeyLockedError(_MISSING)
            for copy in copies:
                for slot in self._present(copy):
                    key = open_slot(copy, slot)
                    if key is not None:
                        self._copies.mend(key)
                        return key
        return None

    def _newest(self, key: bytes) -> SlotFile:
        """Return the file to build on."""
        file = self._copies.newest(key)
        if file is None:
            raise KeyLockedError(_MISSING)
        return file

    def _present(self, file: SlotFile) -> list[Slot]:
        present = self._copies.present_key(file)
        return [slot for slot in file.slots if (slot.key or file.key) == present]

    def _without_next(self, file: SlotFile) -> SlotFile:
        slots = tuple(slot for slot in file.slots if (slot.key or file.key) == file.key)
        return msgspec.structs.replace(file, slots=slots, next_key="")

    def _replace(self, file: SlotFile, slot_id: str, slot: Slot, key: bytes) -> None:
        self._write(file, (*(each for each in file.slots if each.id != slot_id), slot), key)

    def _write(self, file: SlotFile, slots: tuple[Slot, ...], key: bytes) -> None:
        self._copies.write(msgspec.structs.replace(file, slots=slots, key=file.key or key_id(key)), key)


def _stored(site: str, storage: KeyStorage, key: bytes) -> Slot:
    """Return a slot whose own key ``storage`` keeps from now on.

    Raises:
        KeyLockedError: it does not.
    """
    slot = Slot(new_id(), storage.kind, b"", b"", key=key_id(key))
    secret = secrets.token_bytes(KEY_BYTES)
    storage.save(slot.id, secret)
    if storage.load(slot.id) != secret:
        raise KeyLockedError(Text("The key storage of this computer does not keep what it is given."))
    return wrapped(site, slot, secret, key)


def _recovery_slot(site: str, key: bytes) -> tuple[str, Slot]:
    code, secret = new_code()
    slot = Slot(new_id(), "recovery", b"", b"", key=key_id(key), salt=os.urandom(SALT_BYTES))
    return code, wrapped(site, slot, code_key(secret, slot.salt), key)


def _escrow_slot(site: str, recipient: str, key: bytes) -> Slot:
    slot = Slot(new_id(), "escrow", b"", b"", key=key_id(key), recipient=recipient.strip())
    return escrowed(site, slot, key)


def _login_id(site: str, login: str) -> str:
    """Return what a login is found by: the file does not say who works here."""
    return hmac.digest(
        site.encode(), b"dala login " + tidy(login).casefold().encode("utf-8", "replace"), "sha256"
    ).hex()


def _mark_of(site: str, mark: str) -> str:
    return hmac.digest(site.encode(), b"dala mark " + mark.encode(), "sha256").hex()[:32]
