"""Deadlines: the holds whose time may have run out; `grants` knows the credit that has.

It only names suspects for the sweeper; the writer decides under its lock what is due.
"""

from collections.abc import Iterable, Sequence

from psycopg import Connection

from domain import inference_request as request, wallet_events as wallet
from projections.events import Event
from projections.projection import Projection, Table, copy, statement

ENDED = frozenset(
    {request.Charged.TOPIC, request.Released.TOPIC, request.OutcomeUnknown.TOPIC}
)  # fmt: skip
RESERVED = wallet.Reserved.TOPIC


class Deadlines(Projection):
    """Open calls.

    A call opens with its wallet's fact: it says as much as the call's own, in the same commit,
    and other folds have it decoded already.
    """

    name = "deadlines"
    version = 2
    topics = frozenset({RESERVED})
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
    )

    def project(self, conn: Connection, schema: str, events: Sequence[Event]) -> None:
        """Open and close."""
        opened, ended = fold(events)
        if opened:
            copy(conn, schema, _OPEN, opened)
        if ended:
            ids = "{" + ",".join(ended) + "}"
            conn.execute(statement(schema, _CLOSE), (ids,), prepare=True)


def fold(events: Iterable[Event]) -> tuple[list[tuple[object, ...]], list[str]]:
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


_OPEN = """
    COPY {schema}.open_requests (request_id, wallet_id, key_id, amount, expires_at, position)
    FROM STDIN
"""
_CLOSE = "DELETE FROM {schema}.open_requests WHERE request_id = ANY(%s::uuid[])"
