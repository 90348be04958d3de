"""Addresses of a server: what is one, which way is safe, and that nothing of one is ever repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.storage.engines.postgres_address import checked_address, has_safe_way

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///hub",
        "postgres:///hub",
        "postgresql+psycopg:///hub",
        "postgresql://dala@localhost/hub",
        "postgresql://dala:s3cr3t@127.0.0.1:5433/hub",
        "postgresql://dala@[::1]:5433/hub",
        "postgresql://dala@/hub?host=/var/run/postgresql",
        "postgresql://dala@/hub?host=/var/run/postgresql&port=5433",
        "postgresql://dala@db.hospital.kz/hub?sslmode=verify-full",
        "postgresql://dala@db.hospital.kz/hub?sslmode=verify-ca&sslrootcert=/etc/dala/root.crt",
        "postgresql://dala@10.0.0.7/hub?sslmode=verify-full&sslrootcert=system&target_session_attrs=read-write",
        "postgresql://dala@/hub?host=db1:5432&host=db2:5432&sslmode=verify-full",
    ],
)
def test_an_address_with_a_safe_way_is_taken(address: str) -> None:
    url = checked_address(address)
    assert url.drivername == "postgresql+psycopg"
    assert url.database == "hub"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hub",
        "postgresql",
        "postgresql://",
        "postgresql://s3cr3t@localhost",
        "postgresql://localhost/",
        "mysql://dala:s3cr3t@localhost/hub",
        "sqlite:///s3cr3t",
        "postgresql+asyncpg://dala:s3cr3t@localhost/hub",
        "postgresql://dala:s3cr3t@localhost:port/hub",
        "postgresql://dala:s3cr3t@localhost/hub?no_such_parameter=s3cr3t",
        "postgresql://dala:s3cr3t@localhost:99999999999999999999999/hub?x=y",
        "\0",
        "postgresql://dala:s3cr3t@[::1/hub",
    ],
)
def test_what_is_no_address_is_told_without_repeating_it(address: str) -> None:
    with pytest.raises(InvalidInputError, match="not the address") as caught:
        checked_address(address)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://dala:s3cr3t@db.hospital.kz/hub",
        "postgresql://dala:s3cr3t@db.hospital.kz/hub?sslmode=require",
        "postgresql://dala:s3cr3t@db.hospital.kz/hub?sslmode=prefer",
        "postgresql://dala:s3cr3t@10.0.0.7/hub?sslmode=disable",
        "postgresql://dala:s3cr3t@[2001:db8::1]/hub",
        "postgresql://dala:s3cr3t@/hub?host=db.hospital.kz",
        "postgresql://dala:s3cr3t@/hub?host=localhost:5432&host=db.hospital.kz:5432",
        "postgresql://dala:s3cr3t@0.0.0.0/hub",
        "postgresql://dala:s3cr3t@localhost.evil.example/hub",
        "postgresql://dala:s3cr3t@h1,h2:5432/hub",
        "postgresql://dala:pa@ss@localhost/hub",
    ],
)
def test_another_computer_is_reached_only_by_a_way_that_was_looked_at(address: str) -> None:
    with pytest.raises(InvalidInputError, match="sslmode=verify-full") as caught:
        checked_address(address)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("hosts", "is_here"),
    [
        ("", True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("/run/postgresql", True),
        ("@abstract", True),
        ("localhost,127.0.0.1", True),
        ("127.0.0.1:5432", True),
        ("localhost,db", False),
        ("db", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("127.0.0.1.example.org", False),
        ("0", False),
    ],
)
def test_only_this_computer_needs_no_encryption(hosts: str, *, is_here: bool) -> None:
    assert has_safe_way(hosts, None) is is_here
    assert has_safe_way(hosts, "prefer") is is_here
    assert has_safe_way(hosts, "verify-full")


def said_of(address: str) -> str:
    try:
        return str(checked_address(address))
    except InvalidInputError as error:
        return str(error)


@given(st.text(max_size=60))
def test_nothing_typed_is_anything_but_an_address_or_a_sentence(typed: str) -> None:
    assert said_of(typed)
    for address in (f"postgresql://u:{SECRET}@{typed}/hub", f"postgresql://u:{SECRET}@localhost/hub?{typed}"):
        assert SECRET not in said_of(address)
