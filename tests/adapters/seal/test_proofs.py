"""Proofs out of the tables: those of the oracle, whatever the sizes, and none that would fail."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg import AsyncConnection
from pymerkle import InmemoryTree

from adapters.ledger.connection import GATEWAY_ROLE
from adapters.seal import proofs, store
from adapters.seal.errors import SealBrokenError
from domain.leaf import leaf_of
from domain.tree_head import TreeHead
from tests.adapters.seal.sealed import KEY, fill, owner, seal, tamper

T = TypeVar("T")

SIZES = [1, 2, 3, 5, 8, 13, 200, 256, 257, 511, 700]


def ask(url: str, question: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
    async def story() -> T:
        async with await AsyncConnection.connect(url, autocommit=True) as conn:
            await conn.execute(f"SET ROLE {GATEWAY_ROLE}".encode())
            return await question(conn)

    return asyncio.run(story())


@pytest.fixture
def heads(database_url: str) -> list[TreeHead]:
    """A head for each size, with gaps between the positions."""
    made: list[TreeHead] = []
    for size in SIZES:
        fill(database_url, size - (made[-1].tree_size if made else 0), gap=len(made) % 3)
        made.append(seal(database_url))
    return made


def oracle(url: str) -> InmemoryTree:
    """The tree as another implementation builds it from the leaves' bytes."""
    tree = InmemoryTree()
    with owner(url) as conn:
        salts = conn.execute("SELECT salt FROM seal_leaves ORDER BY index").fetchall()
        events = store.events_between(conn, 0, 10_000, 10_000)
    tree.append_entries([leaf_of(salt, e) for (salt,), e in zip(salts, events, strict=True)])
    return tree


def test_every_root_is_the_oracles(database_url: str, heads: list[TreeHead]) -> None:
    tree = oracle(database_url)

    assert [head.root_hash for head in heads] == [tree.get_root(size).hex() for size in SIZES]


def test_every_path_of_inclusion_is_the_oracles(database_url: str, heads: list[TreeHead]) -> None:
    tree = oracle(database_url)
    with owner(database_url) as conn:
        positions = [row[0] for row in conn.execute("SELECT position FROM ledger_events")]

    for head in heads:
        proven = ask(
            database_url, lambda conn, head=head: proofs.prove_events(conn, positions, head)
        )  # type: ignore[misc]

        assert [fields["leaf_index"] for fields in proven] == list(range(head.tree_size))
        for fields in proven:
            expected = tree.prove_inclusion(fields["leaf_index"] + 1, head.tree_size).path[1:]
            assert fields["path"] == [part.hex() for part in expected]


def test_any_two_heads_are_proved_to_agree(database_url: str, heads: list[TreeHead]) -> None:
    tree = oracle(database_url)

    for number, first in enumerate(heads):
        for second in heads[number:]:
            fields = ask(
                database_url,
                lambda conn, a=first, b=second: proofs.prove_consistency(conn, a, b),  # type: ignore[misc]
            )
            assert (fields["first"], fields["second"]) == (first.fields, second.fields)
            assert fields["first_public_key"] == KEY.public_key.hex()
            expected = subproof(tree, 0, first.tree_size, second.tree_size, whole=True)
            assert fields["path"] == [part.hex() for part in expected]


def subproof(tree: InmemoryTree, start: int, first: int, size: int, *, whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2, word for word, on the oracle's own subtrees."""
    if first == size:
        return [] if whole else [tree._get_root(start, start + size)]
    split = 1
    while split * 2 < size:
        split *= 2
    if first <= split:
        rest = [tree._get_root(start + split, start + size)]
        return subproof(tree, start, first, split, whole=whole) + rest
    rest = [tree._get_root(start, start + split)]
    return subproof(tree, start + split, first - split, size - split, whole=False) + rest


def test_only_what_is_under_the_head_is_proved(database_url: str, heads: list[TreeHead]) -> None:
    last = heads[3].position

    proven = ask(
        database_url, lambda conn: proofs.prove_events(conn, [last, last + 1, 9_999], heads[3])
    )

    assert [fields["position"] for fields in proven] == [last]


def test_a_bundle_has_all_that_a_verifier_needs(database_url: str, heads: list[TreeHead]) -> None:
    bundle = ask(database_url, lambda conn: proofs.prove_bundle(conn, [1], earlier=3))

    assert bundle is not None
    assert bundle["format"] == "tollbook.proof.1"
    assert bundle["head"] == heads[-1].fields
    assert bundle["public_key"] == KEY.public_key.hex()
    assert set(bundle["events"][0]) == {
        "position", "originator_id", "version", "topic", "state", "salt", "leaf_index", "path",
    }  # fmt: skip
    assert bundle["earlier"]["first"] == heads[2].fields
    assert bundle["earlier"]["second"] == heads[-1].fields
    assert "earlier" not in (ask(database_url, lambda conn: proofs.prove_bundle(conn, [1])) or {})
    unknown = ask(database_url, lambda conn: proofs.prove_bundle(conn, [1], earlier=4))
    assert "earlier" not in (unknown or {})


def test_without_a_head_there_is_nothing_to_prove(database_url: str) -> None:
    fill(database_url, 2)

    assert ask(database_url, proofs.newest) is None
    assert ask(database_url, proofs.lag) is None
    assert ask(database_url, lambda conn: proofs.prove_bundle(conn, [1])) is None
    assert ask(database_url, lambda conn: proofs.public_key(conn, "00" * 32)) is None


def test_the_lag_is_told_in_positions_and_time(database_url: str) -> None:
    fill(database_url, 2)
    seal(database_url)
    level = ask(database_url, proofs.lag)
    fill(database_url, 3)
    tamper(database_url, "UPDATE seal_heads SET sealed_at = now() - interval '1 hour'")

    behind = ask(database_url, proofs.lag)

    assert level == (0, 0)
    assert behind is not None
    assert behind.positions == 3
    assert 3_600 <= behind.seconds < 3_700


def test_an_aggregates_events_are_found_by_kind(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        for version, topic in enumerate(["a.made.1", "a.moved.1", "a.moved.12", "a.moved_on.1"], 1):
            conn.execute(
                "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
                " VALUES ('00000000-0000-0000-0000-000000000001', %s, %s, '{}')",
                (version, topic),
            )
        ((event_id,),) = conn.execute("SELECT DISTINCT originator_id FROM ledger_events").fetchall()

    found = ask(
        database_url, lambda conn: proofs.positions_of(conn, event_id, ("a.moved", "b.made"))
    )

    assert found == [2, 3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_events SET state = '{}' WHERE position = 7",
        "UPDATE seal_leaves SET salt = sha256('x') WHERE position = 7",
        "UPDATE seal_leaves SET hash = sha256('x') WHERE index = (SELECT index # 1 {})",
        "DELETE FROM seal_leaves WHERE index = (SELECT index # 1 {})",
        "UPDATE seal_nodes SET hash = sha256('x') WHERE index = 1",
        "DELETE FROM seal_nodes WHERE index = 1",
        "UPDATE seal_heads SET root_hash = sha256('x') WHERE tree_size = 700",
    ],
)
@pytest.mark.usefixtures("heads")
def test_a_proof_that_would_fail_is_not_handed_out(database_url: str, statement: str) -> None:
    tamper(database_url, statement.format("FROM seal_leaves WHERE position = 7"))

    with pytest.raises(SealBrokenError):
        ask(database_url, lambda conn: proofs.prove_bundle(conn, [7]))


def test_heads_that_do_not_agree_are_not_said_to(database_url: str, heads: list[TreeHead]) -> None:
    tamper(database_url, "UPDATE seal_leaves SET hash = sha256('x') WHERE index = 0")

    with pytest.raises(SealBrokenError, match="do not agree"):
        ask(database_url, lambda conn: proofs.prove_consistency(conn, heads[2], heads[5]))


def test_a_stretch_of_random_proofs_at_once(database_url: str, heads: list[TreeHead]) -> None:
    rng = random.Random(5)  # noqa: S311  a choice, not a secret
    with owner(database_url) as conn:
        positions = [row[0] for row in conn.execute("SELECT position FROM ledger_events")]

    chosen = rng.sample(positions, 40)
    proven = ask(database_url, lambda conn: proofs.prove_events(conn, chosen, heads[-1]))

    assert [fields["position"] for fields in proven] == sorted(chosen)
