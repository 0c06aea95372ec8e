"""The sealer: every event under a signed head, one head for a tree, and no head over a lie."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from adapters.ledger.connection import connect
from adapters.seal import store
from adapters.seal.archive import Archive
from adapters.seal.errors import SealBrokenError
from adapters.seal.keys import SealKey
from adapters.seal.sealer import Sealer, seal_now
from domain.leaf import hash_of
from domain.merkle import Frontier
from domain.tree_head import TreeHead
from tests.adapters.seal.sealed import KEY, OTHER_KEY, fill, found, owner, seal, tamper


def heads(url: str) -> list[TreeHead]:
    with owner(url) as conn:
        return store.heads_after(conn, 0, 10_000)


def test_a_log_without_events_has_no_head(database_url: str, tmp_path: Path) -> None:
    assert seal_now(lambda: owner(database_url), KEY, Archive(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_head_is_signed_over_every_event_in_the_order_of_positions(database_url: str) -> None:
    fill(database_url, 3)
    fill(database_url, 4, gap=2)

    head = seal(database_url)

    with owner(database_url) as conn:
        salts = conn.execute("SELECT position, salt FROM seal_leaves ORDER BY index").fetchall()
        events = store.events_between(conn, 0, 100, 100)
    tree = Frontier()
    for (position, salt), event in zip(salts, events, strict=True):
        assert position == event[0]
        tree.append(hash_of(salt, event))
    assert (head.tree_size, head.position, head.root_hash) == (7, 9, tree.root.hex())
    assert KEY.trusted.signed(head)
    assert head.key_id == KEY.key_id
    assert found(database_url) == []


def test_no_two_leaves_share_a_salt(database_url: str) -> None:
    fill(database_url, 100)
    seal(database_url, window=30)

    with owner(database_url) as conn:
        salts = {row[0] for row in conn.execute("SELECT salt FROM seal_leaves")}

    assert len(salts) == 100


def test_sealing_goes_on_where_it_stopped(database_url: str) -> None:
    fill(database_url, 300)
    first = seal(database_url)
    fill(database_url, 250, gap=1)
    second = seal(database_url)

    assert (first.tree_size, second.tree_size, second.position) == (300, 550, 551)
    assert heads(database_url) == [first, second]
    assert found(database_url) == []


def test_nothing_new_signs_nothing(database_url: str) -> None:
    fill(database_url, 3)

    assert seal(database_url) == seal(database_url)
    assert len(heads(database_url)) == 1


def test_a_backlog_is_sealed_in_steps_and_comes_to_the_same_tree(database_url: str) -> None:
    fill(database_url, 1_000)

    seal(database_url, window=170)

    assert [head.tree_size for head in heads(database_url)] == [170, 340, 510, 680, 850, 1_000]
    assert found(database_url) == []


def test_sealers_at_once_sign_one_head_for_a_tree(database_url: str) -> None:
    """The table would refuse a second one; none of them may even try."""
    fill(database_url, 900)

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda window: seal(database_url, window=window), (70, 90, 110, 130)))

    assert {head.tree_size for head in ended} == {900}
    assert sum(head.tree_size == 900 for head in heads(database_url)) == 1
    assert found(database_url) == []


def test_a_changed_event_gets_into_no_later_head(database_url: str) -> None:
    fill(database_url, 10)
    seal(database_url)
    tamper(database_url, "UPDATE ledger_events SET state = '{}' WHERE position = 4")
    fill(database_url, 5)

    seal(database_url)

    assert found(database_url) == [(4, "is not what was sealed")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE seal_leaves SET hash = sha256('x') WHERE index = 258",
        "DELETE FROM seal_leaves WHERE index = 258",
        "UPDATE seal_nodes SET hash = sha256('x')",
        "UPDATE seal_heads SET root_hash = sha256('x')",
        "UPDATE seal_heads SET tree_size = 299",
        "UPDATE seal_heads SET signature = signature || 'x'",
        "INSERT INTO seal_heads SELECT 400, 400, hash, now(), hash, hash FROM seal_nodes",
    ],
)
def test_nothing_is_signed_on_evidence_that_was_changed(database_url: str, statement: str) -> None:
    fill(database_url, 264)
    seal(database_url)
    tamper(database_url, statement)
    fill(database_url, 200)
    before = heads(database_url)

    with pytest.raises(SealBrokenError):
        seal(database_url)

    assert heads(database_url) == before


def test_nothing_is_signed_on_a_strangers_head(database_url: str) -> None:
    fill(database_url, 3)
    seal_now(lambda: owner(database_url), OTHER_KEY)
    fill(database_url, 3)

    with pytest.raises(SealBrokenError, match=OTHER_KEY.key_id):
        seal(database_url)


def test_a_new_key_goes_on_from_a_retired_one(database_url: str) -> None:
    fill(database_url, 3)
    seal_now(lambda: owner(database_url), OTHER_KEY)
    fill(database_url, 3)
    new = SealKey(KEY._private, OTHER_KEY.trusted._keys.values())

    head = seal_now(lambda: owner(database_url), new)

    assert head is not None
    assert (head.key_id, head.tree_size) == (KEY.key_id, 6)
    with owner(database_url) as conn:
        keys = conn.execute("SELECT encode(key_id, 'hex'), public_key FROM seal_keys").fetchall()
    assert dict(keys) == {KEY.key_id: KEY.public_key, OTHER_KEY.key_id: OTHER_KEY.public_key}


def test_an_older_copy_of_the_database_is_not_signed_differently(
    database_url: str, tmp_path: Path
) -> None:
    """What was rolled back is known from the published head, or from what the sealer saw itself."""
    fill(database_url, 5)
    known = seal(database_url, Archive(tmp_path))
    tamper(
        database_url,
        "DELETE FROM seal_heads",
        "DELETE FROM seal_leaves",
        "DELETE FROM ledger_events WHERE position = 5",
    )
    fill(database_url, 1)

    with pytest.raises(SealBrokenError, match="older copy"):
        seal(database_url, Archive(tmp_path))
    with pytest.raises(SealBrokenError, match="older copy"):
        seal(database_url, known=known)
    assert heads(database_url) == []


def test_the_loop_seals_again_and_again_and_outlives_failures(database_url: str) -> None:
    fill(database_url, 5)
    stop, failures, passes = threading.Event(), [], []

    def recheck(conn: psycopg.Connection) -> None:
        passes.append(conn)
        fill(database_url, 1)
        match len(passes):
            case 1:
                raise SealBrokenError
            case 2:
                raise psycopg.OperationalError
            case 3:
                raise OSError
            case 5:
                stop.set()

    sealer = Sealer(
        lambda: owner(database_url),
        KEY,
        every_seconds=0.01,
        recheck=recheck,
        failed=lambda: failures.append(len(passes)),
    )
    sealer.run(stop)

    assert failures == [1, 2, 3]
    # The last one is of what came while it was being stopped.
    assert [head.tree_size for head in heads(database_url)] == [9, 10, 11]


def test_the_loop_remembers_what_it_signed(database_url: str) -> None:
    fill(database_url, 5)
    sealer = Sealer(lambda: owner(database_url), KEY, every_seconds=1)
    sealer.seal()
    tamper(database_url, "DELETE FROM seal_heads", "DELETE FROM seal_leaves")

    with pytest.raises(SealBrokenError, match="older copy"):
        sealer.seal()


@pytest.mark.parametrize("table", ["seal_leaves", "seal_nodes", "seal_heads", "seal_keys"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {}"])
def test_evidence_is_never_changed(database_url: str, table: str, statement: str) -> None:
    fill(database_url, 256)
    seal(database_url)
    column = "public_key = '\\x00'" if table == "seal_keys" else "hash = '\\x00'"
    column = "position = 7" if table == "seal_heads" else column

    with owner(database_url) as conn, pytest.raises(psycopg.errors.RaiseException, match=table):
        conn.execute(statement.format(table, column).encode())


@pytest.mark.parametrize("table", ["seal_leaves", "seal_nodes", "seal_heads", "seal_keys"])
def test_the_gateway_may_only_look_at_evidence(database_url: str, table: str) -> None:
    with connect(database_url) as conn:
        conn.execute(f"TABLE {table}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(f"INSERT INTO {table} TABLE {table}".encode())
