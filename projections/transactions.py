"""Transactions: every movement of a wallet as ledger entries, each with its two signed effects.

A hold takes from available only; its charge takes from posted, and from available only what the
hold had not covered; the remainder comes back to available. Σ entries = the balance, and Σ those
of a month and before = the balance with which it closes. A correction names the month it corrects.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from psycopg import Connection

from domain import wallet_events as wallet
from domain.grants import Allocation
from domain.money import Nanos
from projections.events import Event, Fields
from projections.projection import Projection, Table, copy, statement

RECHARGE, RESERVATION, CHARGE, RELEASE = "recharge", "reservation", "charge", "release"
CORRECTION, EXPIRY, VOID = "correction", "expiry", "void"
TYPES: Final = (RECHARGE, RESERVATION, CHARGE, RELEASE, CORRECTION, EXPIRY, VOID)


class Entry(NamedTuple):
    """One movement and what it does to the wallet's two figures, in nanos."""

    type: str
    available: Nanos
    posted: Nanos
    grant_id: str | None = None


Row = tuple[object, ...]


class Transactions(Projection):
    """Rows that are only ever added; the figure after each is that of a statement."""

    name = "transactions"
    version = 2
    tables = (
        Table(
            "transactions",
            ("wallet_id", "position", "entry"),
            """
            CREATE TABLE {schema}.transactions (
                wallet_id uuid NOT NULL,
                position bigint NOT NULL,
                entry smallint NOT NULL,
                type text NOT NULL,
                available bigint NOT NULL,
                posted bigint NOT NULL,
                available_after bigint NOT NULL,
                request_id uuid,
                key_id uuid,
                grant_id uuid,
                correction_id uuid,
                period text NOT NULL,
                corrects text,
                created_at timestamptz NOT NULL,
                PRIMARY KEY (wallet_id, position, entry)
            );
            CREATE INDEX ON {schema}.transactions (request_id) WHERE request_id IS NOT NULL;
            CREATE INDEX ON {schema}.transactions USING brin (created_at) WITH (autosummarize = on);
            CREATE INDEX ON {schema}.transactions (wallet_id, period, position)
                WHERE type IN ('recharge', 'correction', 'expiry', 'void')
            """,  # the last for statements: what is not of a call, and so is rare
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Go on from each wallet's last entry."""
        if not events:
            return
        wallets = "{" + ",".join({event.originator_id for event in events}) + "}"
        last = conn.execute(statement(schema, _LAST), (wallets,), prepare=True).fetchall()
        copy(conn, schema, _APPEND, rows_of(events, dict(last)))


def rows_of(events: Iterable[Event], available: Mapping[str, Nanos]) -> Iterator[Row]:
    """Write the entries of events as rows, from what each wallet had available before them."""
    after = dict(available)
    for position, topic, wallet_id, fact in events:
        figure = after.get(wallet_id, 0)
        request_id, key_id = fact.get("request_id"), fact.get("key_id")
        correction_id, created_at = fact.get("correction_id"), fact["timestamp"]
        period, corrects = fact["period"], fact.get("corrects")
        for index, entry in enumerate(ENTRIES[topic](fact)):
            figure += entry.available
            yield (
                wallet_id, position, index, entry.type, entry.available, entry.posted, figure,
                request_id, key_id, entry.grant_id, correction_id, period, corrects,
                created_at,
            )  # fmt: skip
        after[wallet_id] = figure


def _granted(fact: Fields) -> list[Entry]:
    amount = fact["amount"]
    return [Entry(RECHARGE, amount, amount, fact["grant_id"])]


def _reserved(fact: Fields) -> list[Entry]:
    return [Entry(RESERVATION, -fact["amount"], 0)]


def _charged(fact: Fields) -> list[Entry]:
    left = fact["held"] - fact["amount"]
    entries = [Entry(CHARGE, min(left, 0), -fact["amount"])]
    if left > 0:
        entries.append(Entry(RELEASE, left, 0))
    return entries + _expired(fact["expired"]) if fact["expired"] else entries


def _released(fact: Fields) -> list[Entry]:
    return [Entry(RELEASE, fact["held"], 0), *_expired(fact["expired"])]


def _corrected(fact: Fields) -> list[Entry]:
    amount = fact["amount"]
    return [Entry(CORRECTION, amount, amount), *_expired(fact["expired"])]


def _grant_expired(fact: Fields) -> list[Entry]:
    return [Entry(EXPIRY, -fact["amount"], -fact["amount"], fact["grant_id"])]


def _grant_voided(fact: Fields) -> list[Entry]:
    return [Entry(VOID, -fact["amount"], -fact["amount"], fact["grant_id"])]


def _expired(parts: Allocation) -> list[Entry]:
    return [Entry(EXPIRY, -part, -part, grant_id) for grant_id, part in parts]


ENTRIES: dict[str, Callable[[Fields], list[Entry]]] = {
    wallet.Granted.TOPIC: _granted,
    wallet.Reserved.TOPIC: _reserved,
    wallet.Charged.TOPIC: _charged,
    wallet.Released.TOPIC: _released,
    wallet.HoldExpired.TOPIC: _released,
    wallet.GrantExpired.TOPIC: _grant_expired,
    wallet.GrantVoided.TOPIC: _grant_voided,
    wallet.Corrected.TOPIC: _corrected,
}

Transactions.topics = frozenset(ENTRIES)

_LAST = """
    SELECT encode(uuid_send(wanted.id), 'hex'), last.available_after
    FROM unnest(%s::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT available_after FROM {schema}.transactions
        WHERE wallet_id = wanted.id ORDER BY position DESC, entry DESC LIMIT 1
    ) AS last
"""
_APPEND = """
    COPY {schema}.transactions
        (wallet_id, position, entry, type, available, posted, available_after,
         request_id, key_id, grant_id, correction_id, period, corrects, created_at)
    FROM STDIN
"""
