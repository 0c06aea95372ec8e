"""Seal: the log against its leaves, the leaves against signed heads, all against the copy (I13).

Nothing of the evidence is believed. Each event is hashed again with its leaf's salt; if all hashes
are those of the leaves, then their tree is the log's, and a head that a trusted key signed tells
whether it is still the same tree. A leaf that was changed along with its event changes the root.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import orjson
from psycopg import Connection

from domain.leaf import hash_of
from domain.merkle import Frontier, Node
from domain.tree_head import TreeHead
from projections.audit.findings import Findings
from projections.audit.outside import Evidence, Outside, Row, stored
from projections.events import WINDOW


@dataclass(slots=True)
class Tail:
    """What no head covers yet."""

    events: int = 0
    since: str | None = None
    """The time of the first such event."""


@dataclass(slots=True)
class Sealed:
    """How far the seal reaches."""

    tree_size: int = 0
    position: int = 0
    heads: int = 0


class SealAudit:
    """Takes the log window by window, and reads the evidence beside it; memory stays flat."""

    def __init__(self, findings: Findings, evidence: Evidence | None = None) -> None:
        self._outside = Outside(findings, evidence or Evidence())
        self._say = self._outside.say
        self._frontier = Frontier()
        self._expected = 0
        self._agreed = 0
        self._lost = False
        self._heads_seen = 0
        self.sealed = Sealed()
        self.tail = Tail()

    def begin(self, conn: Connection) -> None:
        """See how far the seal reaches; what is sealed later is not looked at."""
        row = conn.execute(_REACH).fetchone()
        assert row is not None, "an aggregate always has a row"
        size, position, heads, self._outside.now, beyond = row
        self.sealed = Sealed(size, position, heads)
        if beyond is not None:
            self._say(beyond, f"was sealed after the newest head there is, of {size} events")
        for misplaced in conn.execute(_MISPLACED).fetchall():
            self._say(misplaced[0], "stands before the log's beginning", misplaced)

    def take(self, conn: Connection, rows: Sequence[Row], after: int, upto: int) -> None:
        """Compare the events of a range of positions with the evidence about it."""
        events = {row[0]: row for row in rows}
        heads = self._heads(conn, after, upto)
        leaves = conn.execute(_LEAVES, (after, upto), binary=True, prepare=True).fetchall()
        salts: dict[int, bytes] = {}
        for index, position, salt, sealed in leaves:
            salts[position] = salt
            self._compare(events.get(position), position, salt, sealed)
            self._place(index, position)
            self._frontier.append(sealed)
            for head in heads.pop(position, ()):
                self._check_root(head)
        for stray in (head for group in heads.values() for head in group):
            self._say(stray.position, f"a head of {stray.tree_size} events ends at no leaf")
        self._check_nodes(conn, upto)
        self._find_inserted(rows, salts)
        self._outside.compare(events, salts, upto)

    def finish(self, conn: Connection, end: int) -> None:
        """Look at the evidence about what should come after the log's end."""
        while end < self.sealed.position:
            upto = min(self.sealed.position, end + WINDOW)
            self.take(conn, [], end, upto)
            end = upto
        if self._heads_seen != self.sealed.heads:
            self._say(0, f"only {self._heads_seen} of {self.sealed.heads} heads are at a position")
        self._outside.finish()

    def _compare(self, event: Row | None, position: int, salt: bytes, sealed: bytes) -> None:
        if event is None:
            self._say(position, "was sealed and is gone")
        elif hash_of(salt, stored(event)) != sealed:
            self._say(position, "is not what was sealed", event)

    def _place(self, index: int, position: int) -> None:
        if index != self._expected:
            self._say(position, f"leaf {index} is where leaf {self._expected} should be")
        self._expected = index + 1

    def _heads(self, conn: Connection, after: int, upto: int) -> dict[int, list[TreeHead]]:
        """Read the heads of a range, with what can be told of them without the tree."""
        inside = [_head(row) for row in conn.execute(_HEADS, (after, upto), prepare=True)]
        self._heads_seen += len(inside)
        found: dict[int, list[TreeHead]] = {}
        for head in self._outside.check_heads(inside, upto):
            found.setdefault(head.position, []).append(head)
        return found

    def _check_root(self, head: TreeHead) -> None:
        """After the first root that differs every other one must, so only that one is told."""
        frontier = self._frontier
        agrees = (head.tree_size, head.root_hash) == (frontier.size, frontier.root.hex())
        if agrees:
            self._agreed = head.position
        elif not self._lost:
            self._lost = True
            between = f"from position {self._agreed + 1} to {head.position}"
            self._say(head.position, f"the log {between} is not what the head there signed")

    def _check_nodes(self, conn: Connection, upto: int) -> None:
        completed, self._frontier.completed = self._frontier.completed, []
        if not completed or self._lost:
            return
        levels = [node.level for node, _ in completed]
        places = [node.place for node, _ in completed]
        rows = conn.execute(_NODES, (levels, places)).fetchall()
        kept = {Node(level, place): found for level, place, found in rows}
        for node, expected in completed:
            if kept.get(node) != expected:
                self._say(upto, f"the seal's own hash of {node} is wrong: proofs would fail")

    def _find_inserted(self, rows: Sequence[Row], salts: dict[int, bytes]) -> None:
        for row in rows:
            if row[0] > self.sealed.position:
                self.tail.events += 1
                self.tail.since = self.tail.since or _time(row[3])
            elif row[0] not in salts:
                self._say(row[0], "was not there when its surroundings were sealed", row)


def _head(row: Sequence[Any]) -> TreeHead:
    size, position, root_hash, sealed_at, key_id, signature = row
    timestamp = sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    return TreeHead(size, position, root_hash.hex(), timestamp, key_id.hex(), signature.hex())


def _time(state: bytes) -> str | None:
    """Find when an event was recorded, if it says so at all."""
    try:
        return str(orjson.loads(state)["timestamp"])
    except (LookupError, TypeError, ValueError):
        return None


_REACH = """
    WITH heads AS (
        SELECT coalesce(max(tree_size), 0) AS size, coalesce(max(position), 0) AS position,
               count(*)::int AS count
        FROM seal_heads
    )
    SELECT heads.*, clock_timestamp(),
           (SELECT min(position) FROM seal_leaves WHERE position > heads.position)
    FROM heads
"""
_MISPLACED = """
    SELECT position, topic, encode(uuid_send(originator_id), 'hex'), state, originator_version
    FROM ledger_events WHERE position < 1 ORDER BY position
"""
_LEAVES = """
    SELECT index, position, salt, hash FROM seal_leaves
    WHERE position > %s AND position <= %s ORDER BY position
"""
_HEADS = """
    SELECT tree_size, position, root_hash, sealed_at, key_id, signature FROM seal_heads
    WHERE position > %s AND position <= %s ORDER BY tree_size
"""
_NODES = """
    SELECT level, index, hash FROM seal_nodes
    JOIN unnest(%s::int[], %s::bigint[]) AS wanted (level, index) USING (level, index)
"""
