"""Deadlines: the holds and the grants whose time may have run out.

It only names suspects for the sweeper; the writer decides under its lock what is due.
"""

from collections.abc import Callable, Iterable, Sequence

from psycopg import Connection

from domain import inference_request as request, wallet_events as wallet
from domain.grants import Allocation
from projections.events import Event, Fields
from projections.projection import Projection, Table, copy, run, statement

ENDED = frozenset(
    {request.Charged.TOPIC, request.Released.TOPIC, request.OutcomeUnknown.TOPIC}
)  # fmt: skip
GRANTED, RESERVED = wallet.Granted.TOPIC, wallet.Reserved.TOPIC


class Deadlines(Projection):
    """Open calls, and the grants that expire with what is left of each.

    A call opens with its wallet's fact: it says as much as the call's own, in the same commit,
    and other folds have it decoded already. A grant's row stays, for a correction may refill it.
    """

    name = "deadlines"
    bare_topics = ENDED
    tables = (
        Table(
            "open_requests",
            ("request_id",),
            """
            CREATE TABLE {schema}.open_requests (
                request_id uuid PRIMARY KEY,
                wallet_id uuid NOT NULL,
                key_id uuid NOT NULL,
                amount bigint NOT NULL,
                expires_at timestamptz NOT NULL,
                position bigint NOT NULL
            )
            """,  # no index on time: it would cost every call, and open calls are few
        ),
        Table(
            "expiring_grants",
            ("wallet_id", "grant_id"),
            """
            CREATE TABLE {schema}.expiring_grants (
                wallet_id uuid NOT NULL,
                grant_id uuid NOT NULL,
                expires_at timestamptz NOT NULL,
                remaining bigint NOT NULL,
                position bigint NOT NULL,
                PRIMARY KEY (wallet_id, grant_id)
            ) WITH (fillfactor = 50);
            CREATE INDEX ON {schema}.expiring_grants (expires_at)
            """,
        ),
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Open, close, and keep count of what is left of grants that expire."""
        opened, ended = fold_requests(events)
        if opened:
            copy(conn, schema, _OPEN, opened)
        if ended:
            ids = "{" + ",".join(ended) + "}"
            conn.execute(statement(schema, _CLOSE), (ids,), prepare=True)
        granted, used = fold_grants(events)
        run(conn, schema, _GRANT, granted)
        run(conn, schema, _USE, used)


def fold_requests(events: Iterable[Event]) -> tuple[list[tuple[object, ...]], list[str]]:
    """Give the calls that these events leave open, and the earlier ones that they end."""
    opened: dict[str, tuple[object, ...]] = {}
    ended: list[str] = []
    for position, topic, originator_id, fact in events:
        if topic == RESERVED:
            request_id = fact["request_id"]
            opened[request_id] = (
                request_id, originator_id, fact["key_id"], fact["amount"], fact["expires_at"],
                position,
            )  # fmt: skip
        elif topic in ENDED and opened.pop(originator_id, None) is None:
            ended.append(originator_id)
    return list(opened.values()), ended


def fold_grants(events: Iterable[Event]) -> tuple[list[Fields], list[Fields]]:
    """Give the new grants that expire, and how much of which grant is gone for good."""
    granted: list[Fields] = []
    used: dict[tuple[str, str], Fields] = {}
    for event in events:
        if event.topic == GRANTED:
            if event.fields["expires_at"] is not None:
                granted.append(_grant(event))
        elif uses := USES.get(event.topic):
            for grant_id, part in uses(event.fields):
                key = (event.originator_id, grant_id)
                row = used.get(key)
                if row is None:
                    row = used[key] = {"wallet_id": key[0], "grant_id": grant_id, "part": 0}
                row["part"] += part
                row["position"] = event.position
    return granted, list(used.values())


def _grant(event: Event) -> Fields:
    fact = event.fields
    return {
        "wallet_id": event.originator_id,
        "grant_id": fact["grant_id"],
        "expires_at": fact["expires_at"],
        "remaining": fact["amount"] - fact["repaid"],
        "position": event.position,
    }


def _charged(fact: Fields) -> Allocation:
    parts: Allocation = fact["allocations"]
    return parts + _ended(fact)


def _ended(fact: Fields) -> Allocation:
    parts: Allocation = fact["expired"] + fact["repaid"]
    return parts


def _dropped(fact: Fields) -> Allocation:
    return [(fact["grant_id"], fact["amount"])]


def _corrected(fact: Fields) -> Allocation:
    parts: Allocation = fact["allocations"]
    return [(grant_id, -part) for grant_id, part in parts] if fact["amount"] > 0 else parts


USES: dict[str, Callable[[Fields], Allocation]] = {
    wallet.Charged.TOPIC: _charged,
    wallet.Released.TOPIC: _ended,
    wallet.HoldExpired.TOPIC: _ended,
    wallet.GrantExpired.TOPIC: _dropped,
    wallet.GrantVoided.TOPIC: _dropped,
    wallet.Corrected.TOPIC: _corrected,
}
"""What a fact takes from which grant for good; a hold takes nothing yet."""

Deadlines.topics = frozenset((GRANTED, RESERVED, *USES))

_OPEN = """
    COPY {schema}.open_requests (request_id, wallet_id, key_id, amount, expires_at, position)
    FROM STDIN
"""
_CLOSE = "DELETE FROM {schema}.open_requests WHERE request_id = ANY(%s::uuid[])"
_GRANT = """
    INSERT INTO {schema}.expiring_grants (wallet_id, grant_id, expires_at, remaining, position)
    SELECT wallet_id, grant_id, expires_at, remaining, position
    FROM json_to_recordset(%s::json) AS granted (
        wallet_id uuid, grant_id uuid, expires_at timestamptz, remaining bigint, position bigint
    )
"""
_USE = """
    UPDATE {schema}.expiring_grants AS old
    SET remaining = old.remaining - new.part, position = new.position
    FROM json_to_recordset(%s::json) AS new (
        wallet_id uuid, grant_id uuid, part bigint, position bigint
    )
    WHERE old.wallet_id = new.wallet_id AND old.grant_id = new.grant_id
"""
