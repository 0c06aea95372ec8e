"""Proofs from the kept hashes: that an event is under a signed head, and that heads agree.

Everything that is handed out is checked once more first: a proof that fails would accuse us.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from adapters.seal.errors import SealBrokenError
from adapters.seal.hashes import HASHES, collected, wanted
from adapters.seal.store import HEAD_OF, NEWEST_HEAD, head_from
from domain.leaf import Stored, hash_of
from domain.merkle import (
    Hash,
    Range,
    consistency_ranges,
    extends,
    includes,
    inclusion_ranges,
    join,
    perfect,
)
from domain.tree_head import TreeHead

Conn = AsyncConnection[Any]

PROOF: Final = "tollbook.proof.1"
CONSISTENCY: Final = "tollbook.consistency.1"
"""The shapes of what is handed out, for whoever checks it years later."""


class Lag(NamedTuple):
    """How far the seal is behind the log."""

    positions: int
    seconds: float
    """Since the newest head was signed; 0 if it covers everything."""


async def newest(conn: Conn) -> TreeHead | None:
    """Find the head of the largest tree."""
    return head_from(await (await conn.execute(NEWEST_HEAD, prepare=True)).fetchone())


async def head_of(conn: Conn, tree_size: int) -> TreeHead | None:
    """Find the head of a tree of this size; not every size has one."""
    return head_from(await (await conn.execute(HEAD_OF, (tree_size,), prepare=True)).fetchone())


async def public_key(conn: Conn, key_id: str) -> str | None:
    """Find a public key in hex; whom to trust is the reader's own affair."""
    row = await (await conn.execute(_KEY, (bytes.fromhex(key_id),), prepare=True)).fetchone()
    return str(row[0]) if row else None


async def lag(conn: Conn) -> Lag | None:
    """Tell how far behind the seal is, or None if nothing was ever sealed."""
    row = await (await conn.execute(_LAG, prepare=True)).fetchone()
    return Lag(*row) if row else None


async def prove_events(
    conn: Conn, positions: Sequence[int], head: TreeHead
) -> list[dict[str, Any]]:
    """Prove these events to be under a head; those that are not yet are left out."""
    query = await conn.execute(
        _LEAVES, (list(positions), head.tree_size), prepare=True, binary=True
    )
    leaves = await query.fetchall()
    spans = [inclusion_ranges(index, head.tree_size) for index, *_ in leaves]
    hashes = await _hashes(conn, {span for path in spans for span in path})
    proven: list[dict[str, Any]] = []
    for (index, salt, position, originator_id, version, topic, state), path in zip(
        leaves, spans, strict=True
    ):
        event: Stored = (position, originator_id, version, topic, state)
        parts = [hashes[span] for span in path]
        root = bytes.fromhex(head.root_hash)
        if not includes(hash_of(salt, event), index, head.tree_size, parts, root):
            message = f"The event at position {position} is not under the head it was sealed by."
            raise SealBrokenError(message)
        proven.append(_written(event, salt, index, parts))
    return proven


async def prove_bundle(
    conn: Conn, positions: Sequence[int], earlier: int | None = None
) -> dict[str, Any] | None:
    """Put events, their proofs and the newest head into a file's fields; None without a head.

    With the size of an `earlier` signed tree it is proved besides that the head only adds to it.
    """
    head = await newest(conn)
    if head is None:
        return None
    bundle = {
        "format": PROOF,
        "head": head.fields,
        "public_key": await public_key(conn, head.key_id),
        "events": await prove_events(conn, positions, head),
    }
    if earlier is not None and (older := await head_of(conn, earlier)) is not None:
        bundle["earlier"] = await prove_consistency(conn, older, head)
    return bundle


async def prove_consistency(conn: Conn, first: TreeHead, second: TreeHead) -> dict[str, Any]:
    """Prove that one head's log begins another's; raises SealBrokenError if it does not."""
    spans = consistency_ranges(first.tree_size, second.tree_size)
    hashes = await _hashes(conn, set(spans))
    path = [hashes[span] for span in spans]
    roots = bytes.fromhex(first.root_hash), bytes.fromhex(second.root_hash)
    if not extends(first.tree_size, second.tree_size, *roots, path):
        message = f"The heads of {first.tree_size} and {second.tree_size} events do not agree."
        raise SealBrokenError(message)
    return {
        "format": CONSISTENCY,
        "first": first.fields,
        "second": second.fields,
        "first_public_key": await public_key(conn, first.key_id),
        "second_public_key": await public_key(conn, second.key_id),
        "path": [part.hex() for part in path],
    }


async def positions_of(conn: Conn, originator_id: UUID, kinds: Sequence[str]) -> list[int]:
    """Find an aggregate's events of these kinds, such as `wallet.charged`, of any version."""
    rows = await (await conn.execute(_POSITIONS, (originator_id,), prepare=True)).fetchall()
    return [position for position, topic in rows if topic.rpartition(".")[0] in kinds]


async def _hashes(conn: Conn, spans: set[Range]) -> dict[Range, Hash]:
    """Look up whole ranges, with one query for all of them."""
    nodes = sorted({node for span in spans for node in perfect(span)})
    query = await conn.execute(HASHES, wanted(nodes), prepare=True)
    found = collected(nodes, await query.fetchall())
    return {span: join([found[node] for node in perfect(span)]) for span in spans}


def _written(event: Stored, salt: bytes, index: int, path: Sequence[Hash]) -> dict[str, Any]:
    position, originator_id, version, topic, state = event
    return {
        "position": position,
        "originator_id": originator_id.hex(),
        "version": version,
        "topic": topic,
        "state": state.decode(),
        "salt": salt.hex(),
        "leaf_index": index,
        "path": [part.hex() for part in path],
    }


_KEY: Final = "SELECT encode(public_key, 'hex') FROM public.seal_keys WHERE key_id = %s"
_LAG: Final = """
    SELECT log.position - head.position,
           CASE WHEN log.position > head.position
                THEN extract(epoch FROM clock_timestamp() - head.sealed_at)::float8 ELSE 0 END
    FROM (SELECT position, sealed_at FROM public.seal_heads
          ORDER BY tree_size DESC LIMIT 1) AS head,
         (SELECT coalesce(max(position), 0) AS position FROM public.ledger_events) AS log
"""
_LEAVES: Final = """
    SELECT leaf.index, leaf.salt, position, uuid_send(originator_id), originator_version, topic,
           state
    FROM public.seal_leaves AS leaf JOIN public.ledger_events USING (position)
    WHERE position = ANY(%s) AND leaf.index < %s ORDER BY position
"""
_POSITIONS: Final = """
    SELECT position, topic FROM public.ledger_events
    WHERE originator_id = %s ORDER BY originator_version
"""
