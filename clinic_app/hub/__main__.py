"""Start a hub, or look after the workstations of one.

``python -m clinic_app.hub --data DIR --port 8443 --certificate FILE --certificate-key FILE --host 0.0.0.0``
``python -m clinic_app.hub enrol-code --data DIR --organization ID --name NAME`` prints a code that lets a workstation
in, with ``--computers N --days D`` as many; ``codes`` lists such codes, ``end-code`` ends one. ``enrol`` prints a token
that stays; ``devices`` lists the workstations, ``revoke`` shuts one out.
``backup --to FOLDER`` copies everything to a second disk, ``restore --backup FILE`` puts a copy back;
``status-link --name WHO`` prints a link to the page on which IT sees how everything stands.
``connect --upstream URL --organization ID --code CODE`` puts the hub below another one, which then is started with
``--upstream``.
With ``--database postgresql://role@server/name`` the records lie on a PostgreSQL server. A password belongs into
libpq's password file (``~/.pgpass``); what is typed here can be seen in the list of processes.
"""

from __future__ import annotations

import argparse
import ipaddress
import logging
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import uvicorn

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.notices import HUB_STARTED, tell
from clinic_app.foundation.texts import Text
from clinic_app.foundation.version import VERSION
from clinic_app.hub.account_commands import ACCOUNT_COMMANDS
from clinic_app.hub.announcing import announced, announcement
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.archive_commands import archiving, ask_place
from clinic_app.hub.backup_commands import BACKUP, RESTORE, ask_backup, ask_restore, backup, restore
from clinic_app.hub.connections import BACKLOG, Connection
from clinic_app.hub.content_place import SWEEP, ask_content, contents_of, sweep_contents
from clinic_app.hub.folder import open_hub_store
from clinic_app.hub.gate import Hub
from clinic_app.hub.latest_errors import LatestErrors
from clinic_app.hub.operations import Surroundings, read_token
from clinic_app.hub.readiness import starter
from clinic_app.hub.status_link import STATUS_COMMANDS
from clinic_app.hub.upstream import put_below
from clinic_app.hub.upstream_commands import SENTENCE, account_at, ask, connect, exchanging
from clinic_app.storage import BackupKeeper, Store, one_instance
from clinic_app.storage.backups.backup_keeper import KeeperState

_ON_A_HUB: Final = {**ACCOUNT_COMMANDS, **STATUS_COMMANDS}


class _Parser(argparse.ArgumentParser):
    """Complains about what was typed without repeating the password of an address in it."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and end the process."""
        super().error(re.sub(r"://\S*@", "://***@", message))


class _Server(uvicorn.Server):
    """A server that, told to stop, first lets those go who wait for the feed."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order at a signal."""
        self._hub.feed.bell.end_waits()
        super().handle_exit(sig, frame)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the process's exit code; whatever goes wrong is one sentence on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    word, rest = (given[0], given[1:]) if given[:1] and not given[0].startswith("-") else ("serve", given)
    commands: dict[str, Callable[[Sequence[str]], None]] = {"serve": _serve, "enrol": _enrol, "connect": _connect}
    commands |= {"backup": _backup, "restore": _restore, "sweep-contents": _sweep}
    commands |= {each: partial(_keep_accounts, each) for each in _ON_A_HUB}
    try:
        commands.get(word, _serve)(rest if word in commands else given)
    except ClinicError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve(arguments: Sequence[str]) -> None:
    parser = _Parser(prog="python -m clinic_app.hub", description="Serve a hub until it is stopped.")
    _common(parser)
    parser.add_argument("--port", type=int, required=True, help="TCP port; 0 takes a free one and prints it")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; others than loopback need TLS")
    parser.add_argument("--name", default="Dala", help="what the hub is called before those who connect to it")
    parser.add_argument("--address", default="", help="address the hub is reached at, if not the one it listens on")
    parser.add_argument("--certificate", type=Path, help="TLS certificate chain (PEM)")
    parser.add_argument("--certificate-key", type=Path, help="its private key (PEM)")
    parser.add_argument("--backup-folder", type=Path, help="folder on a second disk for copies of the backups")
    parser.add_argument("--reserve-mb", type=int, default=64, help="megabytes kept free for the day the disk is full")
    parser.add_argument("--upstream", default="", help="address of the hub above; the command connect comes first")
    parser.add_argument("--upstream-interval-s", type=float, default=15.0, help="seconds between two looks at it")
    parser.add_argument("--announce", action="store_true", help="tell the local network that there is a hub; needs TLS")
    ask_place(parser)
    ask_content(parser)
    parser.add_argument("--metrics-token-file", type=Path, help="file with the token that /metrics asks for")
    options = parser.parse_args(arguments)
    check_exposure(options.host, has_tls=bool(options.certificate and options.certificate_key))
    clock = SystemClock()
    errors = LatestErrors()
    logging.getLogger().addHandler(errors)
    with (
        _told_to_stop(),
        _kept_store(options) as (store, keeper),
        _listening(options.host, options.port) as listener,
        ExitStack() as stack,
    ):
        scheme = "https" if options.certificate else "http"
        address = f"{scheme}://{options.host}:{listener.getsockname()[1]}"
        addresses = (options.address.rstrip("/") or address,)
        surroundings = Surroundings(
            options.name, options.certificate, keeper, errors, read_token(options.metrics_token_file)
        )
        places = contents_of(store, options)
        hub = build_hub(
            store, clock, name=options.name, addresses=addresses, surroundings=surroundings, contents=places
        )
        upstream = None
        hub.operations.note_address(addresses[0])
        if options.upstream:
            account = account_at(store, options.upstream)
            hub, upstream = put_below(hub, store, account, clock, interval_s=options.upstream_interval_s)
        hub.feed.bell.listen()
        stack.callback(hub.feed.bell.close)
        stack.enter_context(exchanging(upstream))
        stack.enter_context(archiving(hub, options))
        config = uvicorn.Config(
            build_app(hub),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            http=Connection,
            backlog=BACKLOG,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=16 << 10,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.certificate_key,
        )
        if options.announce:
            port = listener.getsockname()[1]
            stack.enter_context(announced(announcement(options.name, options.host, port, options.certificate)))
        _say(address)
        tell(HUB_STARTED, VERSION)
        starter()()
        _Server(config, hub).run(sockets=[listener])


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Let a signal end the block in order, once: the server gives it on when it has ended, and the store is closed.

    Raises:
        SystemExit: a signal came; its code is 0.
    """
    is_ending = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_ending
        if not is_ending:
            is_ending = True
            sys.exit(0)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def _kept_store(options: argparse.Namespace) -> Iterator[tuple[Store, Callable[[], KeeperState] | None]]:
    """Open the hub's store; one that is a file has one process and makes its backups by itself, and tells of them."""
    with ExitStack() as stack:
        if not options.database:
            stack.enter_context(one_instance(options.data))
        store = open_hub_store(options.data, options.key_file, options.database, options.reserve_mb << 20)
        stack.callback(store.close)
        told = None
        if store.file is not None:
            keeper = BackupKeeper(store, SystemClock(), options.backup_folder)
            keeper.start()
            stack.callback(keeper.stop)
            told = keeper.state
        yield store, told


def _enrol(arguments: Sequence[str]) -> None:
    parser = _Parser(prog="python -m clinic_app.hub enrol", description="Print a workstation's token.")
    _common(parser)
    parser.add_argument("--organization", required=True, help="id of the organisation the workstation belongs to")
    parser.add_argument("--name", required=True, help="what the workstation is called in the hub's list")
    options = parser.parse_args(arguments)
    store = open_hub_store(options.data, options.key_file, options.database)
    try:
        _say(build_hub(store, SystemClock()).callers.enrol(options.organization, options.name))
    finally:
        store.close()


def _connect(arguments: Sequence[str]) -> None:
    parser = _Parser(prog="python -m clinic_app.hub connect", description=SENTENCE)
    _common(parser)
    ask(parser)
    options = parser.parse_args(arguments)
    store = open_hub_store(options.data, options.key_file, options.database)
    try:
        _say(connect(store, options, SystemClock()))
    finally:
        store.close()


def _sweep(arguments: Sequence[str]) -> None:
    parser = _Parser(prog="python -m clinic_app.hub sweep-contents", description=SWEEP)
    _common(parser)
    ask_content(parser)
    options = parser.parse_args(arguments)
    with closing(open_hub_store(options.data, options.key_file, options.database)) as store:
        _say(sweep_contents(store, options))


def _backup(arguments: Sequence[str]) -> None:
    parser = _Parser(prog="python -m clinic_app.hub backup", description=BACKUP)
    _common(parser)
    ask_backup(parser)
    for line in backup(parser.parse_args(arguments)):
        _say(line)


def _restore(arguments: Sequence[str]) -> None:
    parser = _Parser(prog="python -m clinic_app.hub restore", description=RESTORE)
    _common(parser)
    ask_restore(parser)
    for line in restore(parser.parse_args(arguments)):
        _say(line)


def _keep_accounts(word: str, arguments: Sequence[str]) -> None:
    command = _ON_A_HUB[word]
    parser = _Parser(prog=f"python -m clinic_app.hub {word}", description=command.sentence)
    _common(parser)
    command.ask(parser)
    options = parser.parse_args(arguments)
    store = open_hub_store(options.data, options.key_file, options.database)
    try:
        for line in command.run(build_hub(store, SystemClock()), options):
            _say(line)
    finally:
        store.close()


def check_exposure(host: str, *, has_tls: bool) -> None:
    """Refuse to be reached from other computers without TLS.

    Raises:
        InvalidInputError: ``host`` is not loopback and there is no certificate.
    """
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and not has_tls:
        raise InvalidInputError(
            Text("The hub listens on {host} only with --certificate and --certificate-key.", host=host)
        )


def _say(line: str) -> None:
    """Print what the caller waits for: the address of the hub, or a token."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="the hub's data folder")
    parser.add_argument("--key-file", type=Path, help="file with the key of the data; default: beside the data folder")
    parser.add_argument(
        "--database", default="", help="PostgreSQL database for the records; default: a file in the data folder"
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InvalidInputError(
            Text("The hub cannot listen on {host}, port {port}.", host=host, port=str(port))
        ) from error


if __name__ == "__main__":
    sys.exit(main())
