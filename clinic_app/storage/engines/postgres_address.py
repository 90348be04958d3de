"""The address of a database on a PostgreSQL server: whether it is one, and whether the way there is safe.

An address may hold a password, and one that is misspelt may hold it in the wrong place. So no part of an address is
ever repeated in a message.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.postgres_errors import UNSAFE_WAY

_NAMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_VERIFIED: Final = ("verify-ca", "verify-full")
_NO_ADDRESS: Final = Text(
    "This is not the address of a PostgreSQL database: postgresql://role@server/database?sslmode=verify-full"
)


def checked_address(address: str) -> URL:
    """Return the address for the driver.

    Raises:
        ImportError: the driver is not installed.
        InvalidInputError: no such address, or an unencrypted way to another computer.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    try:
        url = make_url(address)
        if url.drivername not in _NAMES or not url.database:
            raise InvalidInputError(_NO_ADDRESS)
        url = url.set(drivername="postgresql+psycopg")
        plain = {name: value for name, value in url.query.items() if isinstance(value, str)}
        make_conninfo(**plain)
    except (ArgumentError, ValueError, ProgrammingError):
        raise InvalidInputError(_NO_ADDRESS) from None
    hosts = url.query.get("host", url.host or "")
    for host in (hosts,) if isinstance(hosts, str) else hosts:
        if not has_safe_way(host, plain.get("sslmode")):
            raise InvalidInputError(UNSAFE_WAY)
    return url


def has_safe_way(hosts: str, ssl_mode: str | None) -> bool:
    """Return whether nobody between here and the server can read along or pretend to be it.

    Args:
        hosts: as libpq has them: names, addresses or folders of sockets, parted by commas; empty for this computer.
        ssl_mode: libpq's ``sslmode``; None where nobody has set it.
    """
    return ssl_mode in _VERIFIED or all(map(_is_here, hosts.split(",")))


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host.partition(":")[0] if host.count(":") == 1 else host).is_loopback
    except ValueError:
        return False
