"""What verify says of the seal: nothing of a sound one, and what is wrong with any other."""

from pathlib import Path

import psycopg
import pytest

from adapters.seal.sealer import seal_now
from projections.audit.outside import Evidence
from projections.verify import verify
from tests.adapters.seal.sealed import (
    INSIDE,
    KEY,
    OTHER_KEY,
    audit,
    fill,
    found,
    outside,
    owner,
    tamper,
    three_heads,
)


@pytest.fixture
def sealed_url(database_url: str, tmp_path: Path) -> str:
    three_heads(database_url, tmp_path / "out")
    return database_url


def positions(url: str, evidence: Evidence = INSIDE) -> list[int]:
    return [position for position, _ in found(url, evidence)]


def test_a_sound_seal_is_passed_in_silence(sealed_url: str, tmp_path: Path) -> None:
    with owner(sealed_url) as conn:
        findings, checked = audit(conn, outside(tmp_path / "out"))

    assert findings == []
    sealed = checked.sealed
    assert (sealed.tree_size, sealed.position, sealed.heads) == (300, 309, 3)
    assert (checked.tail.events, checked.tail.since) == (0, None)


def test_a_log_without_a_seal_is_all_tail(database_url: str) -> None:
    fill(database_url, 3)

    with owner(database_url) as conn:
        findings, checked = audit(conn)

    assert findings == []
    assert checked.sealed.heads == 0
    assert (checked.tail.events, checked.tail.since) == (3, "2026-11-21T10:00:00+00:00")


def test_the_unsealed_tail_is_told_with_its_age(sealed_url: str) -> None:
    with psycopg.connect(sealed_url) as conn:
        for state in ("[]", "{}", '{"timestamp":"then"}', '{"timestamp":"now"}'):
            conn.execute(
                "INSERT INTO ledger_events (originator_id, originator_version, topic, state)"
                " VALUES (gen_random_uuid(), 1, 't', %s)",
                (state.encode(),),
            )

    with owner(sealed_url) as conn:
        findings, checked = audit(conn)

    assert findings == []
    assert (checked.tail.events, checked.tail.since) == (4, "then")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE ledger_events SET state = state || ' ' WHERE position = 150", [150]),
        ("UPDATE ledger_events SET topic = 'thing.happened.2' WHERE position = 150", [150]),
        ("UPDATE ledger_events SET originator_version = 2 WHERE position = 150", [150]),
        (
            "UPDATE ledger_events SET originator_id = gen_random_uuid() WHERE position = 150",
            [150],
        ),
        ("UPDATE ledger_events SET position = 104 WHERE position = 150", [150, 104]),
        ("DELETE FROM ledger_events WHERE position = 150", [150]),
        ("DELETE FROM ledger_events WHERE position = 309", [309]),
        ("DELETE FROM ledger_events WHERE position > 307", [308, 309]),
        ("UPDATE ledger_events SET position = 2 WHERE position = 4", [4, 2]),
        ("UPDATE ledger_events SET position = 0 WHERE position = 4", [0, 4]),
        ("UPDATE ledger_events SET position = -7 WHERE position = 309", [-7, 309]),
    ],
)
def test_what_was_done_to_the_log_is_named(
    sealed_url: str, tmp_path: Path, statement: str, told: list[int]
) -> None:
    tamper(sealed_url, statement)

    assert set(positions(sealed_url)) == set(told)
    assert set(positions(sealed_url, outside(tmp_path / "out"))) == set(told)


def test_the_whole_log_can_be_gone(sealed_url: str) -> None:
    tamper(sealed_url, "DELETE FROM ledger_events")

    told = found(sealed_url)

    assert len(told) == 300
    assert {message for _, message in told} == {"was sealed and is gone"}


REWRITTEN = (
    "UPDATE ledger_events SET state = '{}' WHERE position = 150",
    (
        "UPDATE seal_leaves AS leaf SET hash = sha256('\\x00'::bytea || '\\x0000000f'::bytea"
        " || 'tollbook.leaf.1'::bytea || '\\x00000010'::bytea || salt || '\\x00000008'::bytea"
        " || int8send(leaf.position) || '\\x00000010'::bytea || uuid_send(originator_id)"
        " || '\\x00000008'::bytea || int8send(originator_version)"
        " || int4send(length(topic)) || topic::bytea || int4send(length(state)) || state)"
        " FROM ledger_events AS event WHERE event.position = leaf.position AND leaf.position = 150"
    ),
)


def test_rewriting_the_leaf_as_well_breaks_the_head_and_the_copy_names_it(
    sealed_url: str, tmp_path: Path
) -> None:
    tamper(sealed_url, *REWRITTEN)

    inside = found(sealed_url)

    assert inside == [
        (206, "the log from position 104 to 206 is not what the head there signed"),
    ]
    assert (150, "is not what the copy outside has") in found(sealed_url, outside(tmp_path / "out"))


def test_cutting_an_event_out_of_all_tables_breaks_the_head(
    sealed_url: str, tmp_path: Path
) -> None:
    tamper(
        sealed_url,
        "DELETE FROM ledger_events WHERE position = 150",
        "DELETE FROM seal_leaves WHERE position = 150",
    )

    assert found(sealed_url) == [
        (151, "leaf 144 is where leaf 143 should be"),
        (206, "the log from position 104 to 206 is not what the head there signed"),
    ]
    assert (150, "is in the copy outside and not in the log") in found(
        sealed_url, outside(tmp_path / "out")
    )


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE seal_leaves SET hash = sha256('x') WHERE position = 150", "not what was sealed"),
        ("UPDATE seal_leaves SET salt = decode(repeat('00', 16), 'hex') WHERE position = 150",
         "not what was sealed"),
        ("UPDATE seal_leaves SET salt = '' WHERE position = 150", "not what was sealed"),
        ("DELETE FROM seal_leaves WHERE position = 150", "was not there when"),
        ("DELETE FROM seal_leaves WHERE position = 4", "leaf 1 is where leaf 0"),
        ("UPDATE seal_leaves SET position = 0 WHERE position = 4", "leaf 1 is where leaf 0"),
        ("UPDATE seal_nodes SET hash = sha256('x')", "proofs would fail"),
        ("DELETE FROM seal_nodes", "proofs would fail"),
        ("UPDATE seal_heads SET root_hash = sha256('x') WHERE tree_size = 200", "not signed by"),
        ("UPDATE seal_heads SET sealed_at = '1999-01-01' WHERE tree_size = 200", "not signed by"),
        ("UPDATE seal_heads SET position = 205 WHERE tree_size = 200", "not signed by"),
        ("DELETE FROM seal_heads WHERE tree_size = 300", "after the newest head"),
        ("DELETE FROM seal_heads", "after the newest head"),
        (("INSERT INTO seal_heads SELECT 999, 0, root_hash, sealed_at, key_id, signature"
         " FROM seal_heads LIMIT 1"), "only 3 of 4 heads"),
        (("INSERT INTO seal_heads SELECT 999, 9999, root_hash, sealed_at, key_id, signature"
         " FROM seal_heads LIMIT 1"), "not signed by"),
    ],
)  # fmt: skip
def test_what_was_done_to_the_evidence_is_told(sealed_url: str, statement: str, told: str) -> None:
    tamper(sealed_url, statement)

    assert any(told in message for _, message in found(sealed_url))


def test_a_head_of_a_strangers_key_does_not_count(sealed_url: str) -> None:
    fill(sealed_url, 5)
    with owner(sealed_url) as conn:
        conn.execute("BEGIN")
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute("DELETE FROM seal_heads")
        conn.execute("DELETE FROM seal_leaves")
        conn.execute("DELETE FROM seal_nodes")
        conn.execute("UPDATE ledger_events SET state = '{}' WHERE position = 7")
        conn.execute("COMMIT")
    seal_now(lambda: owner(sealed_url), OTHER_KEY)

    assert found(sealed_url) == [(314, "the head of 305 events is not signed by a trusted key")]
    assert found(sealed_url, Evidence()) == []


def test_a_head_at_a_position_without_a_leaf_is_told(sealed_url: str) -> None:
    tamper(sealed_url, "UPDATE seal_heads SET position = 105 WHERE tree_size = 200")

    assert found(sealed_url, Evidence()) == [(105, "a head of 200 events ends at no leaf")]


def test_verify_names_it_and_reports_how_far_the_seal_reaches(
    sealed_url: str, tmp_path: Path
) -> None:
    fill(sealed_url, 2)
    tamper(sealed_url, "UPDATE ledger_events SET state = state || ' ' WHERE position = 150")

    report = verify(lambda: owner(sealed_url), (), evidence=outside(tmp_path / "out"))

    assert [f.position for f in report.violations if f.check == "seal"] == [150, 150]
    assert (report.sealed.tree_size, report.tail.events) == (300, 2)
    assert KEY.key_id not in str(report)
