"""What IT does to a data folder without its window: ``python -m clinic_app.maintenance --data DIR COMMAND``.

Every command holds the folder while it works, so the program must be closed; every command that opens the data leaves a
row in the audit trail. What a command finds out is on stdout, what it has to say about a failure is one sentence on
stderr. Exit codes: 0 done, 1 refused or failed with a sentence, 2 a wrong command line.

A room that brings a command of its own adds one line to `COMMANDS`.
"""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from clinic_app.access import Trail, is_enrolled
from clinic_app.backup_commands import check, list_backups, make_backup, needs_backup, restore
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import ClinicError, DamagedError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.archives import keep_secret_of
from clinic_app.imaging.network.peers import peers_of, servers_of
from clinic_app.keys import KeySlots
from clinic_app.keys.unlocking import is_begun
from clinic_app.settings import Settings, load_settings
from clinic_app.storage import Store, one_instance
from clinic_app.storage.backups.rekeying import change_key, finish_change, is_sealing, seal_contents
from clinic_app.workstation import storage_of

_LARGEST_KEY_FILE: Final = 65_536


@dataclass(frozen=True)
class Folder:
    """A data folder under maintenance; nobody else has it open.

    Args:
        settings: of the folder.
        slots: the ways into it.
        options: what the command was given.
        clock: the wall clock.
    """

    settings: Settings
    slots: KeySlots
    options: argparse.Namespace
    clock: Clock

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.settings.folder

    def key(self) -> bytes:
        """Return the data key as this computer keeps it; none is made here.

        Raises:
            KeyLockedError: it does not, or the file of the key slots is gone.
        """
        return self.slots.open_from(storage_of(self.settings))

    @contextmanager
    def opened(self, key: bytes | None = None) -> Iterator[Store]:
        """Open the data for the length of the block, with this computer's key where none is given.

        Raises:
            ClinicError: they are locked, damaged or full.
        """
        store = Store.open(self.path, key or self.key(), self.clock)
        try:
            finish_change(self.path, store.key, self.slots)
            yield store
        finally:
            store.close()

    def note(self, store: Store, what: str) -> None:
        """Leave a row in the audit trail: a command at the machine, not a person of the clinic, did ``what``."""
        if is_enrolled(store):
            store.records.commit((), audit=(Trail(store, self.clock).maintenance(what, _system_account()),))


Work = Callable[[Folder], None]
Arguments = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Command:
    """One thing IT can do.

    Args:
        work: does it.
        sentence: what it does, for the list of commands.
        arguments: adds what it needs to its parser.
        needs_data: whether there must be data: a mistyped folder is not made one.
    """

    work: Work
    sentence: str
    arguments: Arguments = lambda parser: None  # noqa: ARG005 - most commands need nothing
    needs_data: bool = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        _run(options)
    except ClinicError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    command, slots = COMMANDS[options.command], KeySlots(options.data)
    is_known = not command.needs_data or slots.exist() or is_begun(options.data)
    if not (is_known and options.data.is_dir()):
        raise InvalidInputError(Text("There is no data folder “{folder}”.", folder=options.data))
    settings = load_settings(options.data)
    with one_instance(options.data):
        command.work(Folder(settings, slots, options, SystemClock()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clinic_app.maintenance",
        description="Look after a data folder while the program is closed.",
        epilog="Exit codes: 0 done, 1 refused or failed with a sentence, 2 a wrong command line.",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data folder")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        command.arguments(commands.add_parser(name, help=command.sentence, description=command.sentence))
    return parser


def say(line: str) -> None:
    """Print one line of what a command found out."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _system_account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as a service may have
        return ""


def _new_recovery_code(folder: Folder) -> None:
    with folder.opened() as store:
        folder.note(store, "new-recovery-code")
        code = folder.slots.new_recovery_code(store.key)
    say(f"Recovery code: {code}")
    say("Print it and lock it away. Any code made before opens these data no longer.")


def _keep_escrow(folder: Folder) -> None:
    with folder.opened() as store:
        folder.note(store, "keep-escrow")
        folder.slots.keep_escrow(folder.options.recipient, store.key)
    say(f"The data key is left with the organisation: {folder.options.recipient.strip()}")


def _rotate_key(folder: Folder) -> None:
    key = folder.key()
    with folder.opened(key) as store:
        folder.note(store, "rotate-key")
    if is_sealing(folder.path, key):
        sealed, damaged = seal_contents(folder.path, key)
        say("An earlier change of the key was cut off and is ended now; the key was not changed once more.")
    else:
        recipient = folder.slots.escrow_recipient(key)
        say(f"Escrow of the organisation: {recipient}" if recipient else "No escrow of the organisation.")
        change = change_key(
            folder.path, key, folder.slots, [storage_of(folder.settings)], folder.clock, tell_code=_tell_code
        )
        key, sealed, damaged = change.key, change.sealed, change.damaged
        say("The data lie under a new key. Each password opens them again after its owner has signed in once.")
    say(f"Contents sealed anew: {sealed}")
    if damaged:
        say(f"Damaged contents left under the former key: {damaged}")
    with folder.opened(key) as store:
        backup = store.backups.make("by-hand")
    say(f"Backup under the present key: {backup.path.name}. Earlier backups stay under the former key.")


def _tell_code(code: str) -> None:
    say(f"Recovery code from now on: {code}")
    say("Print it and lock it away. It opens the data when this command has ended.")


def _unlock_with_recovery_code(folder: Folder) -> None:
    _let_in(folder, folder.slots.open_with_recovery_code(_asked("Recovery code: ")), "unlock-with-recovery-code")


def _unlock_with_escrow(folder: Folder) -> None:
    path: Path = folder.options.identity
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            words = file.read(_LARGEST_KEY_FILE)
    except OSError as error:
        raise InvalidInputError(Text("The file “{path}” cannot be read.", path=path)) from error
    _let_in(folder, folder.slots.open_with_escrow(words), "unlock-with-escrow")


def _let_in(folder: Folder, key: bytes, what: str) -> None:
    """Let this computer's key storage open the data from now on, once the key has opened them."""
    with folder.opened(key) as store:
        folder.note(store, what)
        folder.slots.keep_in(storage_of(folder.settings), store.key)
    say("The data are unlocked; this account of this computer opens them from now on.")


def _asked(question: str) -> str:
    """Return a line that only the person before the terminal, or the program before the pipe, gives."""
    if sys.stdin.isatty():
        return getpass.getpass(question)
    return sys.stdin.readline(_LARGEST_KEY_FILE)


def _archive_password(folder: Folder) -> None:
    """Keep the password of our account at a DICOMweb server, where the key of the data lies too."""
    name: str = folder.options.name
    peers, _unusable = peers_of(folder.settings.dicom_peers)
    found, _errors = servers_of(folder.settings.dicomweb, (each.name for each in peers))
    servers = [server for server in found if server.name == name]
    if not servers:
        raise NotFoundError(Text("There is no archive “{name}” in the settings.", name=name))
    with folder.opened() as store:
        folder.note(store, f"archive-password {name}")
    is_kept = keep_secret_of(servers[0], storage_of(folder.settings), _asked("Password or token: ").strip())
    say("The password is kept." if is_kept else "No password was given; the former one is forgotten.")


def _needs_archive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of a [[dicomweb]] server in the settings")


def _verify_audit(folder: Folder) -> None:
    with folder.opened() as store:
        folder.note(store, "verify-audit")
        verdict = store.audit.verify()
    say(f"rows: {verdict.rows}")
    say(f"head: {verdict.head}")
    say("whole" if verdict.is_whole else f"broken: {verdict.broken_id}")
    if not verdict.is_whole:
        raise DamagedError(Text("The audit trail is not as it was written, from event {id} on.", id=verdict.broken_id))


def _needs_recipient(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipient", metavar="RECIPIENT", help="the organisation's public key: age1…")


def _needs_identity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--identity", type=Path, required=True, metavar="FILE", help="file with the organisation's AGE-SECRET-KEY-1…"
    )


COMMANDS: Final[Mapping[str, Command]] = {
    "new-recovery-code": Command(_new_recovery_code, "Make and print a new recovery code; former ones end."),
    "keep-escrow": Command(
        _keep_escrow, "Leave the data key with the organisation, sealed to its public key.", _needs_recipient
    ),
    "rotate-key": Command(_rotate_key, "Put the data under a new key; needs room for a copy of the database."),
    "unlock-with-recovery-code": Command(
        _unlock_with_recovery_code, "Read the recovery code from stdin; this account opens the data from then on."
    ),
    "unlock-with-escrow": Command(
        _unlock_with_escrow,
        "Open with the organisation's secret key; this account opens the data from then on.",
        _needs_identity,
    ),
    "archive-password": Command(
        _archive_password,
        "Read the password of our account at a DICOMweb server from stdin, or the token; nothing forgets it.",
        _needs_archive,
    ),
    "backup": Command(partial(make_backup, say=say), "Make a backup, look through it, carry it to the second disk."),
    "backups": Command(partial(list_backups, say=say), "List the backups here and on the second disk."),
    "restore": Command(
        partial(restore, say=say, ask=_asked),
        "Put a backup in the place of the database, which is kept.",
        needs_backup,
        needs_data=False,
    ),
    "verify-audit": Command(
        _verify_audit, "Check the audit trail and print its last link, to be kept where the computer is not."
    ),
    "check": Command(partial(check, say=say), "Look through database, audit trail and contents for damage."),
}


if __name__ == "__main__":
    sys.exit(main())
