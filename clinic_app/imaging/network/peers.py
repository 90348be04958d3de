"""Who takes part in the image network, as IT wrote it into the settings: DICOM devices and DICOMweb servers.

A device is known by its AE title and the address it calls from, together: the title alone is a word anybody can say.
Source: DICOM PS3.8, 9.3.2 (AE titles), PS3.5, 6.2 (VR AE).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, cast, get_args

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

Use = Literal["send", "worklist", "commit", "store", "query"]
"""What a device may do here, or we there.

* ``send``: it sends images to us.
* ``worklist``: it asks for the orders of the day.
* ``commit``: it asks us whether we keep its images, or we ask it so after sending.
* ``store``: we send images to it.
* ``query``: we search it and fetch from it.
"""
USES: Final[tuple[Use, ...]] = get_args(Use)
Letters = Literal["as-asked", "utf-8", "cyrillic", "latin"]
"""How a device is told names: as its question says it reads them, or always so, whatever it says."""
LETTERS: Final[tuple[Letters, ...]] = get_args(Letters)
WebUse = Literal["store", "query"]
_AE_TITLE: Final = re.compile(r"(?! )[\x20-\x5b\x5d-\x7e]{1,16}(?<! )")
_LONGEST_NAME: Final = 64
_LONGEST_HOST: Final = 253


@dataclass(frozen=True)
class Peer:
    """A DICOM device or archive.

    Args:
        name: what people here call it.
        ae_title: its own, 1 to 16 characters.
        host: its address: an IP address or a name; empty for one that only calls us, from wherever it is.
        port: its TCP port; 0 for one that only calls us.
        uses: what it may do here and we there.
        letters: how it reads names.
    """

    name: str
    ae_title: str
    host: str = ""
    port: int = 0
    uses: frozenset[Use] = frozenset()
    letters: Letters = "as-asked"

    @property
    def can_be_called(self) -> bool:
        """Whether it has an address and a port."""
        return bool(self.host and self.port)


@dataclass(frozen=True)
class WebServer:
    """A DICOMweb server; its password lies in the system's keyring, never here.

    Args:
        name: what people here call it.
        url: the root of its services, https:// or http:// on this computer.
        user: name of the account there; empty for none.
        uses: whether we send to it and search it.
    """

    name: str
    url: str
    user: str = ""
    uses: frozenset[WebUse] = frozenset(get_args(WebUse))


def peer_of(table: Mapping[str, object]) -> Peer:
    """Return the device a table of the settings tells.

    Raises:
        InvalidInputError: it lacks something, or says something unknown or impossible.
    """
    _refuse_unknown(table, ("name", "ae_title", "host", "port", "uses", "letters"))
    peer = Peer(
        _text(table, "name") or _text(table, "ae_title"),
        _text(table, "ae_title"),
        _text(table, "host"),
        _number(table, "port"),
        frozenset(cast("Iterable[Use]", _words(table, "uses", USES))),
        cast("Letters", _text(table, "letters") or "as-asked"),
    )
    return checked(peer)


def checked(peer: Peer) -> Peer:
    """Return a device, if there can be such a one.

    Raises:
        InvalidInputError: there cannot; its field says why.
    """
    if not _AE_TITLE.fullmatch(peer.ae_title):
        raise _impossible("ae_title", peer.ae_title)
    if not peer.name.strip() or len(peer.name) > _LONGEST_NAME:
        raise _impossible("name", peer.name)
    if not is_host(peer.host):
        raise _impossible("host", peer.host)
    if not 0 <= peer.port <= 65535:
        raise _impossible("port", str(peer.port))
    if peer.letters not in LETTERS:
        raise _impossible("letters", peer.letters)
    return peer


def server_of(table: Mapping[str, object]) -> WebServer:
    """Return the DICOMweb server a table of the settings tells.

    Raises:
        InvalidInputError: it lacks something, or says something unknown or impossible.
    """
    _refuse_unknown(table, ("name", "url", "user", "uses"))
    url = _text(table, "url")
    if not re.fullmatch(r"https?://[^\s@]{1,500}", url):
        raise _impossible("url", url)
    uses = _words(table, "uses", get_args(WebUse)) if "uses" in table else get_args(WebUse)
    return WebServer(
        _text(table, "name") or url, url.rstrip("/"), _text(table, "user"), frozenset(cast("Iterable[WebUse]", uses))
    )


def table_of(peer: Peer) -> dict[str, object]:
    """Return the table of a device, in the order a person reads it."""
    return {
        "name": peer.name,
        "ae_title": peer.ae_title,
        "host": peer.host,
        "port": peer.port,
        "uses": [each for each in USES if each in peer.uses],
        "letters": peer.letters,
    }


def table_of_server(server: WebServer) -> dict[str, object]:
    """Return the table of a DICOMweb server."""
    return {"name": server.name, "url": server.url, "user": server.user, "uses": sorted(server.uses)}


def told_apart(servers: Iterable[WebServer], taken: Iterable[str] = ()) -> tuple[WebServer, ...]:
    """Return DICOMweb servers under names nothing else here has, in whatever letters: two archives of one name are two.

    Args:
        servers: as the settings file has them.
        taken: names of the devices listed there.
    """
    have = {each.casefold() for each in taken}
    found: list[WebServer] = []
    for server in servers:
        name, number = server.name, 1
        while name.casefold() in have:
            name = f"{server.name} (DICOMweb{f' {number}' if number > 1 else ''})"
            number += 1
        have.add(name.casefold())
        found.append(replace(server, name=name))
    return tuple(found)


def peers_of(
    tables: Iterable[Mapping[str, object]],
) -> tuple[tuple[Peer, ...], tuple[tuple[Mapping[str, object], InvalidInputError], ...]]:
    """Return the devices of a settings file under names of their own, and the tables that tell of none, with why."""
    found: dict[str, Peer] = {}
    unusable: list[tuple[Mapping[str, object], InvalidInputError]] = []
    for table in tables:
        try:
            peer = peer_of(table)
        except InvalidInputError as error:
            unusable.append((table, error))
            continue
        name, number = peer.name, 2
        while name.casefold() in found:
            name, number = f"{peer.name} ({number})", number + 1
        found[name.casefold()] = replace(peer, name=name)
    return tuple(found.values()), tuple(unusable)


def servers_of(
    tables: Iterable[Mapping[str, object]], taken: Iterable[str] = ()
) -> tuple[tuple[WebServer, ...], tuple[InvalidInputError, ...]]:
    """Return the DICOMweb servers of a settings file under names of their own, and why others can be none."""
    found: list[WebServer] = []
    unusable: list[InvalidInputError] = []
    for table in tables:
        try:
            found.append(server_of(table))
        except InvalidInputError as error:
            unusable.append(error)
    return told_apart(found, taken), tuple(unusable)


def is_host(host: str) -> bool:
    """Return whether a text can be an address or the name of a computer; none is fine."""
    if not host:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return len(host) <= _LONGEST_HOST and bool(re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", host))
    return True


def _refuse_unknown(table: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise InvalidInputError(Text("There is no setting “{key}”.", key=key), key)


def _text(table: Mapping[str, object], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise _impossible(key, str(value))
    return value.strip()


def _number(table: Mapping[str, object], key: str) -> int:
    value = table.get(key, 0)
    if type(value) is not int:
        raise _impossible(key, str(value))
    return value


def _words(table: Mapping[str, object], key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list of words, also one that was written as one text with spaces."""
    told = table.get(key, ())
    words = tuple(told.split() if isinstance(told, str) else told) if isinstance(told, str | list | tuple) else (told,)
    for word in words:
        if word not in known:
            raise _impossible(key, str(word))
    return words


def _impossible(key: str, value: str) -> InvalidInputError:
    return InvalidInputError(Text("The setting “{key}” cannot be “{value}”.", key=key, value=value[:100]), key)
