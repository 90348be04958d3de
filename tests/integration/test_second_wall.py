"""The server itself hides what is not the asker's, even from a query that forgot to; where the role is no superuser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub.app import build_app, build_hub
from clinic_app.records import Patient, with_audience
from clinic_app.storage import Store
from clinic_app.storage.feed.row_wall import ASKING
from clinic_app.storage.server_store import open_server_store
from clinic_app.storage.tables import HISTORY, RECORD
from tests.helpers.asgi import AsgiClient
from tests.helpers.hub_clients import HubClient, write_of
from tests.helpers.postgres import PostgresServer, server

PLAIN = "plain"
OWN, AUDIENCE, OTHER = "org-own", "org-audience", "org-other"


@pytest.fixture(scope="module")
def guarded() -> Iterator[PostgresServer]:
    """The server, with a role that owns its database and may do nothing else."""
    standing = server()
    standing.execute(f"CREATE ROLE {PLAIN} LOGIN")
    standing.execute(f"CREATE DATABASE walled OWNER {PLAIN}")
    yield standing
    standing.execute("DROP DATABASE walled WITH (FORCE)")
    standing.execute(f"DROP ROLE {PLAIN}")


@pytest.fixture(scope="module")
def store(guarded: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_server_store(
        tmp_path_factory.mktemp("hub"), guarded.address("walled", PLAIN), bytes(32), SystemClock()
    )
    yield store
    store.close()


@pytest.fixture(scope="module")
def clients(store: Store) -> Iterator[dict[str, HubClient]]:
    """Three organisations with a record of their own each, and one of the owner's that is meant for another."""
    hub = build_hub(store, SystemClock())
    http = AsgiClient(build_app(hub))
    standing = {each: HubClient(http, hub.callers.enrol(each, "PC")) for each in (OWN, AUDIENCE, OTHER)}
    for each, client in standing.items():
        client.put(Patient(id=f"of-{each}"))
    standing[OWN].put(with_audience(Patient(id="shared"), AUDIENCE))
    yield standing
    http.close()


def seen(store: Store, organization: str) -> tuple[set[str], set[str]]:
    """Return the ids of all records and all versions that a query without any filter gives."""
    asking = ASKING.set(organization)
    try:
        with store.database.reading() as connection:
            records = connection.scalars(select(RECORD.c.id).where(RECORD.c.type == "Patient"))
            versions = connection.scalars(select(HISTORY.c.id).where(HISTORY.c.type == "Patient"))
            return set(records), set(versions)
    finally:
        ASKING.reset(asking)


@pytest.mark.parametrize(
    ("organization", "ids"),
    [
        (OWN, {f"of-{OWN}", "shared"}),
        (AUDIENCE, {f"of-{AUDIENCE}", "shared"}),
        (OTHER, {f"of-{OTHER}"}),
        ("nobody", set()),
        ("' OR true --", set()),
    ],
)
def test_a_query_without_a_filter_gives_only_what_is_the_askers(
    postgres: PostgresServer, store: Store, clients: dict[str, HubClient], organization: str, ids: set[str]
) -> None:
    assert seen(store, organization) == (ids, ids)


def test_the_hub_itself_sees_everything(postgres: PostgresServer, store: Store, clients: dict[str, HubClient]) -> None:
    everything = {f"of-{each}" for each in clients} | {"shared"}
    assert seen(store, "") == (everything, everything)


def test_who_asked_is_forgotten_with_the_transaction(
    postgres: PostgresServer, store: Store, clients: dict[str, HubClient]
) -> None:
    for _ in range(20):  # more than there are connections
        assert seen(store, OTHER) == ({f"of-{OTHER}"}, {f"of-{OTHER}"})
        assert len(seen(store, "")[0]) == 4


def test_every_caller_gets_through_the_hub_what_he_always_got(
    postgres: PostgresServer, clients: dict[str, HubClient]
) -> None:
    expected = {OWN: {"shared"}, AUDIENCE: {"shared"}, OTHER: set()}
    for organization, client in clients.items():
        changes, cursor = client.changes()
        assert {each.id for each in changes} - {f"of-{organization}"} == expected[organization] - (
            {"shared"} if organization == OWN else set()
        )
        assert client.page(cursor).status_code == 200  # a cursor names a place that may be another's
        found = client.http.get("/Patient", headers=client.headers).json()
        assert found["total"] == 1 + len(expected[organization])
        assert client.http.get("/Patient/shared", headers=client.headers).status_code == (
            200 if expected[organization] else 404
        )
        assert client.http.get("/Patient/_history", headers=client.headers).status_code == 200


def test_a_cursor_stays_good_while_others_write(
    postgres: PostgresServer, store: Store, clients: dict[str, HubClient]
) -> None:
    _, cursor = clients[OTHER].changes()
    clients[OWN].put(Patient(id="later"))
    assert clients[OTHER].page(cursor).status_code == 200


def test_writers_are_judged_by_the_hub_and_not_by_the_wall(
    postgres: PostgresServer, clients: dict[str, HubClient]
) -> None:
    refused = clients[OTHER].write(write_of(Patient(id=f"of-{OWN}")))
    assert refused.status_code in (403, 412)
    assert clients[OTHER].write(write_of(Patient(id="mine"))).status_code == 200


def test_an_answer_leaves_nobody_asking_behind(
    postgres: PostgresServer, store: Store, clients: dict[str, HubClient]
) -> None:
    assert clients[OTHER].page("").status_code == 200
    assert ASKING.get() == ""
    assert asyncio.run(_asking()) == ""


async def _asking() -> str:
    return ASKING.get()


def test_the_wall_is_raised_once_and_raised_again_where_it_fell(
    postgres: PostgresServer, guarded: PostgresServer, store: Store, clients: dict[str, HubClient], tmp_path: Path
) -> None:
    def stands() -> int:
        with store.database.reading() as connection:
            return int(
                connection.scalar(text("SELECT count(*) FROM pg_policies WHERE policyname = 'dala_reading'")) or 0
            )

    assert stands() == 2
    with store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE record NO FORCE ROW LEVEL SECURITY")
    assert len(seen(store, OTHER)[0]) > 2
    again = open_server_store(store.folder, guarded.address("walled", PLAIN), bytes(32), SystemClock())
    again.close()
    assert stands() == 2
    assert f"of-{OWN}" not in seen(store, OTHER)[0]


def test_the_copy_by_the_servers_own_program_is_whole(
    postgres: PostgresServer, guarded: PostgresServer, store: Store, clients: dict[str, HubClient]
) -> None:
    with store.database.reading() as connection:
        count = connection.scalar(select(func.count()).select_from(RECORD))
    dump = guarded.run("pg_dump", "--enable-row-security", "--data-only", "-t", "record", "-U", PLAIN, "walled")
    assert dump.count(b"\nPatient\t") == count
    with pytest.raises(Exception, match="non-zero"):
        guarded.run("pg_dump", "--data-only", "-t", "record", "-U", PLAIN, "walled")
