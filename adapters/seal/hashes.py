"""Looking hashes up: the leaves, and every eighth level of nodes above them, are kept."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from adapters.seal.errors import SealBrokenError
from domain.merkle import Hash, Node, kept_under, root_of_perfect

HASHES: Final = """
    SELECT wanted.number, found.hash
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
        AS wanted (level, start, stop, number)
    CROSS JOIN LATERAL (
        SELECT index, hash FROM seal_leaves
        WHERE wanted.level = 0 AND index >= wanted.start AND index < wanted.stop
        UNION ALL
        SELECT index, hash FROM seal_nodes
        WHERE level = wanted.level AND index >= wanted.start AND index < wanted.stop
    ) AS found
    ORDER BY wanted.number, found.index
"""
"""Some hundred rows at most for all of a proof's nodes, by their keys."""


def wanted(nodes: Sequence[Node]) -> tuple[list[int], list[int], list[int]]:
    """Write the parameters of HASHES for these nodes."""
    spans = [kept_under(node) for node in nodes]
    levels = [level for level, _ in spans]
    return levels, [span.start for _, span in spans], [span.stop for _, span in spans]


def collected(nodes: Sequence[Node], rows: Iterable[tuple[int, Hash]]) -> dict[Node, Hash]:
    """Hash what HASHES found into the nodes; raises SealBrokenError if any of it is gone."""
    found = {number: [row[1] for row in group] for number, group in groupby(rows, lambda r: r[0])}
    hashes: dict[Node, Hash] = {}
    for number, node in enumerate(nodes, 1):
        _, (start, stop) = kept_under(node)
        parts = found.get(number, [])
        if len(parts) != stop - start:
            message = f"The seal's own tables lack hashes under {node}."
            raise SealBrokenError(message)
        hashes[node] = root_of_perfect(parts)
    return hashes
