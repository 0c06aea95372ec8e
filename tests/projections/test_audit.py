"""The auditor believes every true history, and names the event of every false one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
import pytest
from psycopg import Connection

from adapters.ledger.event_codec import encode
from domain import manage
from domain.quota import DAY, Quota
from projections.audit.auditor import Auditor
from projections.audit.findings import KEPT_MAX, Finding, Findings
from projections.events import Event
from tests.projections.history import History

Stored = list[Any]
"""A position, a topic, an originator and its fields."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Archive:
    """What an auditor looks up, without a database."""

    def __init__(self, log: list[Stored]) -> None:
        self._log = log

    def execute(self, _: str, asked: tuple[str, int] | None = None) -> list[tuple[Any, ...]]:
        if asked is None:
            return []
        originator_id, before = asked
        return [written(e) for e in self._log if e[2] == originator_id and e[0] < before]


def written(event: Stored) -> tuple[int, str, str, bytes]:
    position, topic, originator_id, fields = event
    return position, topic, originator_id, orjson.dumps(fields)


def log_of(history: History) -> list[Stored]:
    rows = [encode(fact) for fact in history.ledger.facts]
    return [
        [position, row.topic, cast("UUID", row.originator_id).hex, orjson.loads(row.state)]
        for position, row in enumerate(rows, 1)
    ]


def audited(log: list[Stored], now: datetime = NEVER) -> tuple[list[Finding], list[Finding]]:
    """Give violations and warnings."""
    auditor = Auditor(cast("Connection", Archive(log)))
    auditor.take(written(event) for event in log)
    warnings = auditor.finish(now - timedelta(days=2), timedelta(minutes=2))
    return auditor.findings.kept, warnings


def story() -> History:
    """One customer, to whom everything happens once."""
    told = History(customers=1)
    told.join(quota=Quota(100_000, DAY), allowed_models=["m"])
    told.grant(1_000, expires_at=told.now + timedelta(days=1), category="promotional")
    told.grant(50_000)
    told.grant(500, expires_at=told.now + timedelta(days=1), priority=9)
    corrected = told.reserve(100, 400)
    told.charge(corrected, {"input": 100, "output": 300})
    told.correct(corrected, 200)
    told.correct(corrected, -100)
    told.release(told.reserve(100, 400))
    told.charge(told.reserve(10, 10), {"input": 400, "output": 10})
    told.charge(told.reserve(10, 10), {"input": 400, "output": 10}, basis="partial")
    forgotten = told.reserve(100, 400)
    told.tick(minutes=11)
    told.sweep(forgotten)
    told.charge(forgotten, {"input": 100, "output": 5})
    told.do(manage.void_grant(told.who.wallet_id, told.grant(77), reason="no", actor="operator"))
    held = told.reserve(100, 400, hold_for=timedelta(days=9))
    told.tick(days=2)
    told.release(held)
    told.reserve(1, 1, hold_for=timedelta(days=300))
    told.freeze()
    told.freeze(frozen=False)
    return told


@pytest.fixture(scope="module")
def told() -> list[Stored]:
    return log_of(story())


@pytest.fixture
def log(told: list[Stored]) -> list[Stored]:
    """A copy to spoil."""
    return cast("list[Stored]", orjson.loads(orjson.dumps(told)))


@pytest.mark.parametrize("seed", range(6))
def test_a_true_history_is_believed(seed: int) -> None:
    history = History(seed)
    history.live(1_500)

    violations, _ = audited(log_of(history))

    assert violations == []


def test_the_story_is_true(log: list[Stored]) -> None:
    assert audited(log, log_time(log)) == ([], [])


def log_time(log: list[Stored]) -> datetime:
    return datetime.fromisoformat(log[-1][3]["timestamp"]) + timedelta(days=2)


def pick(log: list[Stored], topic: str, number: int = 0) -> Stored:
    return [event for event in log if event[1] == topic][number]


Spoil = Callable[[list[Stored]], Stored]


def changed(topic: str, number: int = 0, **fields: Any) -> Spoil:
    """Change fields of one event, each by a function of what it was, or to a value."""

    def spoil(log: list[Stored]) -> Stored:
        event = pick(log, topic, number)
        for name, change in fields.items():
            event[3][name] = change(event[3][name]) if callable(change) else change
        return event

    return spoil


def more(amount: int) -> int:
    return amount + 1


def a_day_less(time: str) -> str:
    return (datetime.fromisoformat(time) - timedelta(days=1)).isoformat()


def without(name: str) -> Spoil:
    def spoil(log: list[Stored]) -> Stored:
        event = log[10]
        del event[3][name]
        return event

    return spoil


def called(topic: str) -> Spoil:
    def spoil(log: list[Stored]) -> Stored:
        log[10][1] = topic
        return log[10]

    return spoil


def doubled(topic: str, number: int = 0) -> Spoil:
    """Append a fact a second time."""

    def spoil(log: list[Stored]) -> Stored:
        event = [len(log) + 1, *orjson.loads(orjson.dumps(pick(log, topic, number)[1:]))]
        event[3]["timestamp"] = log[-1][3]["timestamp"]
        log.append(event)
        return event

    return spoil


def moved_before(topic: str, other: str, number: int = 0) -> Spoil:
    """Have one thing happen before another."""

    def spoil(log: list[Stored]) -> Stored:
        late, early = pick(log, topic, number), pick(log, other)
        log.remove(late)
        log.insert(log.index(early), late)
        late[3]["timestamp"] = early[3]["timestamp"]
        for position, event in enumerate(log, 1):
            event[0] = position
        return late

    return spoil


def foreign(topic: str, number: int = 0) -> Spoil:
    """Let it have happened to another aggregate, of the same kind if there is one."""

    def spoil(log: list[Stored]) -> Stored:
        event = pick(log, topic, number)
        kind = topic.partition(".")[0]
        others = [e[2] for e in log if e[1].partition(".")[0] == kind]
        event[2] = next((i for i in others if i != event[2]), UUID(int=99 << 16).hex)
        return event

    return spoil


def orphaned(topic: str) -> Spoil:
    """Let it have happened to an aggregate that never began."""

    def spoil(log: list[Stored]) -> Stored:
        event = pick(log, topic)
        event[2] = UUID(int=99 << 16).hex
        return event

    return spoil


def turned(parts: list[Any]) -> list[Any]:
    return [["0" * 32, part] for _, part in parts]


W, K, R = "wallet", "api_key", "inference_request"
FAULTS: list[tuple[str, Spoil, str]] = [
    # shape
    ("an unknown topic", called("wallet.stolen.1"), "shape"),
    ("a missing field", without("timestamp"), "shape"),
    ("an unknown field", changed(f"{W}.granted.1", note="x"), "shape"),
    ("a fraction", changed(f"{W}.granted.1", amount=float), "shape"),
    ("a boolean for money", changed(f"{W}.granted.1", amount=True), "shape"),
    ("too much money", changed(f"{W}.granted.1", amount=2**63), "shape"),
    ("no time", changed(f"{W}.reserved.1", expires_at="soon"), "shape"),
    ("an allocation of nothing", changed(f"{W}.reserved.1", allocations=[["g", 0]]), "shape"),
    ("an allocation that is none", changed(f"{W}.reserved.1", allocations=[["g"]]), "shape"),
    ("an allocation in words", changed(f"{W}.reserved.1", allocations="all"), "shape"),
    # time
    ("time goes back", changed(f"{W}.reserved.1", 2, timestamp=a_day_less), "time"),
    ("a hold expires early", changed(f"{W}.hold_expired.1", timestamp=a_day_less), "time"),
    (
        "a grant expires early",
        changed(f"{W}.grant_expired.1", timestamp=lambda at: at[:8] + "20T12:30:00+00:00"),
        "time",
    ),
    # wallets
    ("a hold of more", changed(f"{W}.reserved.1", amount=more), "allocations"),
    ("a hold beyond the funds", changed(f"{W}.reserved.1", amount=10**9), "oversold"),
    ("a hold on other grants", changed(f"{W}.reserved.1", allocations=turned), "grants"),
    ("a hold while frozen", moved_before(f"{W}.frozen.1", f"{R}.reserved.1"), ""),
    ("a grant of nothing", changed(f"{W}.granted.1", amount=0), "conservation"),
    ("a grant that repays no debt", changed(f"{W}.granted.1", repaid=5), "conservation"),
    ("a grant made twice", doubled(f"{W}.granted.1"), "grants"),
    ("a charge of more", changed(f"{W}.charged.1", amount=more), "allocations"),
    ("a charge of less than nothing", changed(f"{W}.charged.1", amount=-5), "charge"),
    ("a charge that absorbs", changed(f"{W}.charged.1", absorbed=3), "charge"),
    ("a charge of other grants", changed(f"{W}.charged.1", 1, allocations=turned), "grants"),
    ("a charge beyond the limit", changed(f"{W}.charged.1", overdraft=9), "oversold"),
    ("a hold that was another", changed(f"{W}.charged.1", held=more), "holds"),
    ("a hold of another key", changed(f"{W}.charged.1", key_id="k"), "holds"),
    ("a release that gives less", changed(f"{W}.released.1", returned=[]), "allocations"),
    ("a release of nothing", doubled(f"{W}.released.1"), "holds"),
    (
        "a release that repays no debt",
        changed(f"{W}.released.1", repaid=[["g", 1]]),
        "conservation",
    ),
    (
        "a part expires whose grant has not",
        changed(f"{W}.hold_expired.1", expired=lambda _: [["g", 1]]),
        "time",
    ),
    ("a grant expires of more", changed(f"{W}.grant_expired.1", amount=more), "grants"),
    ("a grant is voided of more", changed(f"{W}.grant_voided.1", amount=more), "grants"),
    ("an unknown grant is voided", changed(f"{W}.grant_voided.1", grant_id="g"), "grants"),
    ("a correction by parts of more", changed(f"{W}.corrected.1", amount=more), "allocations"),
    ("a correction that repays no debt", changed(f"{W}.corrected.1", repaid=1), "conservation"),
    ("a correction of other grants", changed(f"{W}.corrected.1", allocations=turned), "grants"),
    (
        "a correction that takes other grants",
        changed(f"{W}.corrected.1", 1, allocations=turned),
        "grants",
    ),
    ("a wallet without a beginning", foreign(f"{W}.granted.1"), ""),
    ("a wallet opened twice", doubled(f"{W}.opened.1"), "holds"),
    # calls
    ("a key holds less", changed(f"{K}.reserved.1", amount=lambda n: n - 1), "calls"),
    ("a key holds for longer", changed(f"{K}.reserved.1", expires_at=a_day_less), "calls"),
    ("a key holds in another window", changed(f"{K}.reserved.1", window="all"), "keys"),
    ("another key holds", foreign(f"{K}.reserved.1"), "calls"),
    ("a wallet holds for another key", changed(f"{W}.reserved.1", key_id="k"), "calls"),
    ("a call holds twice", doubled(f"{W}.reserved.1"), "calls"),
    ("a call is held for a second time", doubled(f"{R}.reserved.1", -1), "calls"),
    ("a call is charged twice", doubled(f"{W}.charged.1"), "calls"),
    ("a call is charged twice as a request", doubled(f"{R}.charged.1"), "calls"),
    ("a call is released twice", doubled(f"{R}.released.1"), "calls"),
    ("a key is charged less", changed(f"{K}.charged.1", amount=lambda n: n - 1), "calls"),
    ("a key is charged in another window", changed(f"{K}.charged.1", window="all"), "calls"),
    ("a key held another amount", changed(f"{K}.charged.1", held=more), "calls"),
    ("a key releases another amount", changed(f"{K}.released.1", held=more), "calls"),
    ("a key loses another amount", changed(f"{K}.hold_expired.1", held=more), "calls"),
    (
        "a call is lost that is held for",
        moved_before(f"{R}.outcome_unknown.1", f"{W}.hold_expired.1"),
        "calls",
    ),
    ("a call is lost that has ended", doubled(f"{R}.outcome_unknown.1"), "calls"),
    ("an open call is released twice by its key", doubled(f"{K}.hold_expired.1"), "calls"),
    # prices
    ("another usage", changed(f"{R}.charged.1", usage={"input": 1}), "price"),
    ("another amount", changed(f"{R}.charged.1", amount=more), "price"),
    ("more output than was sent for", changed(f"{R}.charged.1", usage={"output": 999}), "usage"),
    ("an unknown component", changed(f"{R}.charged.1", usage={"smell": 700}), "usage"),
    ("capped without need", changed(f"{R}.charged.1", flags=["capped_at_hold"]), "price"),
    ("capped though reported", changed(f"{R}.charged.1", 2, basis="reported"), "price"),
    ("another price version", changed(f"{R}.reserved.1", price_version="pv_0"), "price"),
    ("a hold that no quote gives", changed(f"{R}.reserved.1", input_tokens=more), "price"),
    ("a model without a price", changed(f"{R}.reserved.1", model="dear"), "price"),
    ("another price in the book", changed("price_book.published.1", cards={}), "price"),
    ("a price without a book", foreign("price_book.published.1"), "price"),
    # keys
    ("a hold beyond the quota", changed(f"{K}.created.1", 1, quota_amount=1), ""),
    ("a model beyond the scope", changed(f"{K}.created.1", 1, allowed_models=["x"]), ""),
    ("another customer's key", changed(f"{R}.reserved.1", customer_id="c"), "keys"),
    ("an unknown key", changed(f"{R}.reserved.1", key_id="k"), "keys"),
    ("a key that was never created", orphaned(f"{K}.reserved.1"), "keys"),
    ("another key is corrected", foreign(f"{K}.corrected.1"), "corrections"),
    ("another wallet is corrected", foreign(f"{W}.corrected.1"), "corrections"),
    # corrections
    ("another total", changed(f"{R}.corrected.1", total=more), "corrections"),
    ("a key is corrected by less", changed(f"{K}.corrected.1", amount=more), "corrections"),
    ("another correction", changed(f"{W}.corrected.1", correction_id="c"), "corrections"),
    ("a correction in another window", changed(f"{K}.corrected.1", window="all"), "corrections"),
    ("a correction of no call", changed(f"{W}.corrected.1", request_id="r"), "corrections"),
    ("a correction said twice", doubled(f"{R}.corrected.1"), "corrections"),
]  # fmt: skip
"""What is wrong, and by which check that very event is named; by another event where empty."""


@pytest.mark.parametrize(
    ("spoil", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_false_history_is_not_believed(log: list[Stored], spoil: Spoil, check: str) -> None:
    event = spoil(log)

    violations, _ = audited(log)

    named = {found.check for found in violations if found.position == event[0]}
    assert violations
    assert not check or check in named, [found for found in violations if found.check == check]


def missing(*topics: str) -> Spoil:
    """Take the last fact of each topic out of the log."""

    def spoil(log: list[Stored]) -> Stored:
        for topic in topics:
            gone = pick(log, topic, -1)
            log.remove(gone)
        return gone

    return spoil


@pytest.mark.parametrize(
    ("topics", "said"),
    [
        ([f"{K}.reserved.1"], "no hold on the key"),
        ([f"{R}.charged.1"], "charged, but not on the request"),
        ([f"{K}.charged.1", f"{W}.charged.1"], "charged, but not on the wallet and the key"),
        ([f"{W}.released.1"], "ended, but still held on the wallet"),
        ([f"{R}.released.1"], "released, but not as a request"),
    ],
)
def test_what_is_missing_is_said_at_the_last_event_of_the_call(
    log: list[Stored], topics: list[str], said: str
) -> None:
    missing(*topics)(log)

    violations, _ = audited(log)

    (found,) = [found for found in violations if said in found.message]
    assert found.check == "calls"
    assert found.topic.split(".")[1] in {"reserved", "charged", "released"}


def test_a_correction_that_is_not_said_by_all_is_named(log: list[Stored]) -> None:
    missing(f"{R}.corrected.1")(log)

    violations, _ = audited(log)

    incomplete = {found.topic for found in violations if found.check == "corrections"}
    assert incomplete == {f"{W}.corrected.1", f"{K}.corrected.1"}


def test_a_correction_of_a_call_that_has_not_ended_is_named(log: list[Stored]) -> None:
    call = pick(log, f"{R}.reserved.1", -1)
    for topic in (f"{W}.corrected.1", f"{K}.corrected.1", f"{R}.corrected.1"):
        event = doubled(topic)(log)
        if "request_id" in event[3]:
            event[3]["request_id"] = call[2]
        else:
            event[2] = call[2]

    violations, _ = audited(log)

    (found,) = [found for found in violations if "nothing to correct" in found.message]
    assert (found.check, found.originator_id) == ("corrections", call[2])


def test_a_call_that_is_open_long_after_its_hold_is_a_warning(log: list[Stored]) -> None:
    call = pick(log, f"{R}.reserved.1", -1)

    violations, warnings = audited(log)

    assert violations == []
    assert [(found.check, found.originator_id) for found in warnings] == [("overdue", call[2])]


def test_a_correction_of_a_call_that_never_began_is_named(log: list[Stored]) -> None:
    gone = pick(log, f"{R}.corrected.1")[2]
    log[:] = [event for event in log if event[1:3] != [f"{R}.reserved.1", gone]]

    violations, _ = audited(log)

    assert (f"{R}.charged.1", gone) in {(found.topic, found.originator_id) for found in violations}


def test_a_price_that_is_not_in_force_yet_is_no_matter() -> None:
    told = History(customers=1)
    told.book.publish(
        told.ledger.at, {}, actor="operator", effective_at=told.now + timedelta(days=1)
    )
    told.reserve()

    violations, _ = audited(log_of(told))

    assert violations == []


def test_a_disabled_key_holds_nothing() -> None:
    told = History(customers=1)
    before = len(told.ledger.facts)
    told.reserve()
    call, told.ledger.facts[before:] = told.ledger.facts[before:], []
    told.do(manage.disable_key(told.who.key_id, actor="operator"))
    told.ledger.facts += call

    violations, _ = audited(log_of(told))

    assert [(found.check, found.message) for found in violations] == [
        ("keys", "the key is disabled")
    ]


def test_what_cannot_be_read_is_named() -> None:
    auditor = Auditor(cast("Connection", Archive([])))

    auditor.take([(7, "wallet.granted.1", "a", b"{"), (8, "wallet.granted.1", "a", b"[]")])

    assert [(found.check, found.position) for found in auditor.findings.kept] == [
        ("shape", 7),
        ("shape", 8),
    ]


def test_too_many_findings_are_counted_and_not_kept() -> None:
    findings = Findings()
    for number in range(KEPT_MAX + 5):
        findings.add("x", Event(number, "topic", "id", {}), "message")

    assert (len(findings.kept), findings.count) == (KEPT_MAX, KEPT_MAX + 5)
