"""The log is append-only: the gateway may not change it, and the owner is stopped as well."""

import psycopg
import pytest

from adapters.ledger.connection import connect
from tests.adapters.ledger.database import log_of
from tests.adapters.ledger.till import Till, opened, run


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_events SET topic = 'x'",
        "DELETE FROM ledger_events",
        "TRUNCATE ledger_events",
    ],
    ids=["update", "delete", "truncate"],
)
@pytest.mark.parametrize(
    ("role", "said"),
    [("SET ROLE tollbook_gateway", "permission denied"), ("RESET ROLE", "append-only")],
    ids=["the gateway", "the owner"],
)
def test_nobody_changes_the_log(database_url: str, statement: str, role: str, said: str) -> None:
    async def story() -> None:
        async with opened(database_url) as ledger:
            await Till().open(ledger)

    run(story())
    before = log_of(database_url)

    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(role.encode())
        with pytest.raises(psycopg.Error, match=said):
            conn.execute(statement.encode())

    assert log_of(database_url) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE ledger_events",
        "ALTER TABLE ledger_events DISABLE TRIGGER append_only",
        "CREATE TABLE public.other (x int)",
        "DELETE FROM ledger_schema",
    ],
    ids=["drop", "disable the trigger", "create", "schema version"],
)
def test_the_gateways_role_has_no_power_over_the_schema(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("SET ROLE tollbook_gateway")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement.encode())


def test_the_gateway_cannot_choose_a_position(database_url: str) -> None:
    insert = (
        "INSERT INTO ledger_events (position, originator_id, originator_version, topic, state)"
        " VALUES (1, gen_random_uuid(), 1, 'x', 'x')"
    )
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("SET ROLE tollbook_gateway")
        with pytest.raises(psycopg.errors.GeneratedAlways):
            conn.execute(insert)


def test_a_connection_has_the_gateways_role_unless_told_otherwise(database_url: str) -> None:
    with connect(database_url) as gateway, connect(database_url, role=None) as owner:
        roles = [conn.execute("SELECT current_user").fetchone() for conn in (gateway, owner)]

    assert roles[0] == ("tollbook_gateway",)
    assert roles[1] != ("tollbook_gateway",)
