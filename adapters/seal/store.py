"""The evidence in the database: leaves, kept nodes, heads and public keys; only ever added to."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, LiteralString

from psycopg import Connection

from adapters.seal.errors import SealBrokenError
from adapters.seal.hashes import HASHES, collected, wanted
from domain.leaf import Stored
from domain.merkle import Frontier, Hash, Node, Range, perfect
from domain.tree_head import TreeHead

LOCK: Final = 0x70115C58
"""Two never seal at once: it is held from reading the newest head to committing the next."""

LeafRow = tuple[int, int, bytes, Hash]
"""Index, position, salt and hash."""

_HEADS: LiteralString = """
    SELECT tree_size, position, root_hash, sealed_at, key_id, signature FROM seal_heads
"""
NEWEST_HEAD: Final[LiteralString] = _HEADS + " ORDER BY tree_size DESC LIMIT 1"
HEAD_OF: Final[LiteralString] = _HEADS + " WHERE tree_size = %s"
_HEADS_AFTER: LiteralString = _HEADS + " WHERE tree_size > %s ORDER BY tree_size LIMIT %s"


def head_from(row: Sequence[Any] | None) -> TreeHead | None:
    """Read a row of NEWEST_HEAD or HEAD_OF."""
    if row is None:
        return None
    size, position, root_hash, sealed_at, key_id, signature = row
    return TreeHead(
        size, position, root_hash.hex(), written(sealed_at), key_id.hex(), signature.hex()
    )


def written(time: datetime) -> str:
    """Write a time as heads have it: in UTC, with microseconds."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def now(conn: Connection) -> str:
    """Tell the database's time, as heads have it."""
    row = conn.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None, "a clock always answers"
    return written(row[0])


def newest_head(conn: Connection) -> TreeHead | None:
    """Find the head of the largest tree."""
    return head_from(conn.execute(NEWEST_HEAD).fetchone())


def head_of(conn: Connection, tree_size: int) -> TreeHead | None:
    """Find the head of a tree of this size."""
    return head_from(conn.execute(HEAD_OF, (tree_size,)).fetchone())


def heads_after(conn: Connection, tree_size: int, limit: int) -> list[TreeHead]:
    """List the next heads of larger trees."""
    rows = conn.execute(_HEADS_AFTER, (tree_size, limit)).fetchall()
    return [head for row in rows if (head := head_from(row))]


def frontier_under(conn: Connection, head: TreeHead) -> Frontier:
    """Load the frontier of a head's tree; raises SealBrokenError unless its root is the head's."""
    nodes = perfect(Range(0, head.tree_size))
    rows = conn.execute(HASHES, wanted(nodes)).fetchall()
    found = collected(nodes, rows)
    frontier = Frontier(head.tree_size, (found[node] for node in nodes))
    if frontier.root.hex() != head.root_hash:
        message = f"The seal's own tables are not what the head of {head.tree_size} events signed."
        raise SealBrokenError(message)
    return frontier


def events_between(conn: Connection, after: int, upto: int, limit: int) -> list[Stored]:
    """Read the next stored events of a range of positions, in order."""
    return conn.execute(_EVENTS, (after, upto, limit), binary=True).fetchall()


def log_end(conn: Connection) -> int:
    """Tell the log's last position; all up to it is committed, since appends are in a row."""
    row = conn.execute("SELECT coalesce(max(position), 0) FROM ledger_events").fetchone()
    assert row is not None, "an aggregate always has a row"
    return int(row[0])


def add_leaves(conn: Connection, rows: Iterable[LeafRow]) -> None:
    """Append leaves."""
    _copy(conn, _LEAVES, ("int8", "int8", "bytea", "bytea"), rows)


def add_nodes(conn: Connection, completed: Iterable[tuple[Node, Hash]]) -> None:
    """Append kept nodes."""
    _copy(conn, _NODES, ("int2", "int8", "bytea"), ((*node, found) for node, found in completed))


def add_head(conn: Connection, head: TreeHead) -> None:
    """Append a signed head; one tree size has one head for ever."""
    hashes = (bytes.fromhex(text) for text in (head.root_hash, head.key_id, head.signature))
    root_hash, key_id, signature = hashes
    conn.execute(
        "INSERT INTO seal_heads VALUES (%s, %s, %s, %s, %s, %s)",
        (head.tree_size, head.position, root_hash, head.timestamp, key_id, signature),
    )


def add_keys(conn: Connection, public: Iterable[tuple[str, bytes]]) -> None:
    """Publish public keys, by their ids."""
    for key_id, key in public:
        conn.execute(
            "INSERT INTO seal_keys VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (bytes.fromhex(key_id), key),
        )


def _copy(
    conn: Connection, statement: LiteralString, types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


_EVENTS = """
    SELECT position, uuid_send(originator_id), originator_version, topic, state
    FROM ledger_events WHERE position > %s AND position <= %s ORDER BY position LIMIT %s
"""
_LEAVES = "COPY seal_leaves (index, position, salt, hash) FROM STDIN (FORMAT BINARY)"
_NODES = "COPY seal_nodes (level, index, hash) FROM STDIN (FORMAT BINARY)"
