"""The auditor believes every true history, and names the event of every false one."""

from datetime import timedelta
from typing import Any, cast

import orjson
import pytest
from psycopg import Connection

from domain import manage
from domain.change_call_policy import change_security
from domain.change_routing import change_routing
from domain.inference_request import REPORTED
from domain.price_page import plain_page
from domain.settle_call import Attempt, Outcome
from projections.audit.auditor import Auditor
from projections.audit.findings import KEPT_MAX, Findings
from projections.events import Event
from tests.projections.audited import Archive, Stored, audited, log_of, log_time, story
from tests.projections.faults import FAULTS, K, R, W
from tests.projections.history import History
from tests.projections.spoiling import Spoil, doubled, missing, pick


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


@pytest.mark.parametrize(
    ("spoil", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_false_history_is_not_believed(log: list[Stored], spoil: Spoil, check: str) -> None:
    event = spoil(log)

    violations, _ = audited(log)

    named = {found.check for found in violations if found.position == event[0]}
    assert violations
    assert not check or check in named, [found for found in violations if found.check == check]


@pytest.mark.parametrize(
    ("topics", "said"),
    [
        ([f"{K}.reserved.1"], "no hold on the key"),
        ([f"{R}.charged.3"], "charged, but not on the request"),
        ([f"{K}.charged.1", f"{W}.charged.2"], "charged, but not on the wallet and the key"),
        ([f"{W}.released.2"], "ended, but still held on the wallet"),
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
    missing(f"{R}.corrected.2")(log)

    violations, _ = audited(log)

    incomplete = {found.topic for found in violations if found.check == "corrections"}
    assert incomplete == {f"{W}.corrected.2", f"{K}.corrected.1"}


def test_a_correction_of_a_call_that_has_not_ended_is_named(log: list[Stored]) -> None:
    call = pick(log, f"{R}.reserved.3", -1)
    for topic in (f"{W}.corrected.2", f"{K}.corrected.1", f"{R}.corrected.2"):
        event = doubled(topic)(log)
        if "request_id" in event[3]:
            event[3]["request_id"] = call[2]
        else:
            event[2] = call[2]

    violations, _ = audited(log)

    (found,) = [found for found in violations if "nothing to correct" in found.message]
    assert (found.check, found.originator_id) == ("corrections", call[2])


def test_a_call_that_is_open_long_after_its_hold_is_a_warning(log: list[Stored]) -> None:
    call = pick(log, f"{R}.reserved.3", -1)

    violations, warnings = audited(log)

    assert violations == []
    assert [(found.check, found.originator_id) for found in warnings] == [("overdue", call[2])]


def test_a_correction_of_a_call_that_never_began_is_named(log: list[Stored]) -> None:
    gone = pick(log, f"{R}.corrected.2")[2]
    log[:] = [event for event in log if event[1:3] != [f"{R}.reserved.3", gone]]

    violations, _ = audited(log)

    assert (f"{R}.charged.3", gone) in {(found.topic, found.originator_id) for found in violations}


def test_a_price_that_is_not_in_force_yet_is_no_matter() -> None:
    told = History(customers=1)
    told.book.publish(
        told.ledger.at, plain_page({}), actor="operator", effective_at=told.now + timedelta(days=1)
    )
    told.reserve()

    violations, _ = audited(log_of(told))

    assert violations == []


def test_a_tier_that_was_not_held_for_is_named_whatever_it_costs() -> None:
    told = History(customers=1)
    told.price()
    told.charge(told.reserve(model="free"), {"input": 1})
    log = log_of(told)
    pick(log, f"{R}.charged.3")[3]["service_tier"] = "flex"

    violations, _ = audited(log)

    assert [found.check for found in violations] == ["price"]


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


@pytest.mark.parametrize("topic", [f"{R}.attempted.1", f"{R}.charged.3"])
def test_a_provider_beyond_the_keys_scope_is_named(topic: str) -> None:
    told = History(customers=1)
    told.join(allowed_providers=["p"])
    told.grant(10_000)
    told.release(told.reserve())
    attempt = Attempt("p", "up", "ok", 5, "USD", 12)
    outcome = Outcome(1, basis=REPORTED, usage={"input": 1}, provider="p")
    told.settle(told.reserve(), outcome, attempts=(attempt,))
    log = log_of(told)
    assert audited(log)[0] == []
    pick(log, topic)[3]["provider"] = "q"

    violations, _ = audited(log)

    assert ("keys", "the key may not go to q") in [(f.check, f.message) for f in violations]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"models": ("m",)}, ["the customer's policy does not allow free"]),
        ({"fallback": False}, ["the customer's policy allows no second model"]),
        ({"models": ("free", "m")}, []),
        ({"regions": ("eu",)}, []),
    ],
)
def test_a_call_beyond_its_customers_policy_is_named(
    policy: dict[str, Any], said: list[str]
) -> None:
    told = History(customers=1)
    before = len(told.ledger.facts)
    told.reserve(others=("free",))
    call, told.ledger.facts[before:] = told.ledger.facts[before:], []
    told.do(change_routing(told.who.customer_id, policy, actor="operator"))
    told.ledger.facts += call

    violations, _ = audited(log_of(told))

    assert [(f.check, f.message) for f in violations] == [("routing", text) for text in said]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (("m",), ["the customer's security policy does not allow free"]),
        (("free", "m"), []),
        ((), []),
    ],
)
def test_a_call_beyond_its_customers_security_policy_is_named(
    models: tuple[str, ...], said: list[str]
) -> None:
    told = History(customers=1)
    before = len(told.ledger.facts)
    told.reserve(others=("free",))
    call, told.ledger.facts[before:] = told.ledger.facts[before:], []
    fields = {"models": models, "logs_content": True}
    told.do(change_security(told.who.customer_id, fields, actor="operator"))
    told.ledger.facts += call

    violations, _ = audited(log_of(told))

    assert [(f.check, f.message) for f in violations] == [("security", text) for text in said]


def test_an_estimated_charge_above_its_hold_is_named(log: list[Stored]) -> None:
    call = pick(log, f"{R}.reserved.3")[2]
    charged = next(e for e in log if e[1:3] == [f"{R}.charged.3", call])
    charged[3] |= {"basis": "estimated", "usage": {"input": 9_000}, "absorbed": 0}
    charged[3]["amount"] = 9_000

    violations, _ = audited(log)

    messages = [found.message for found in violations if found.check == "price"]
    assert any(text.startswith("charged and absorbed are 9000, rated again") for text in messages)


def test_what_cannot_be_read_is_named() -> None:
    auditor = Auditor(cast("Connection", Archive([])))

    auditor.take([(7, "wallet.granted.2", "a", b"{"), (8, "wallet.granted.2", "a", b"[]")])

    assert [(found.check, found.position) for found in auditor.findings.kept] == [
        ("shape", 7),
        ("shape", 8),
    ]


def test_too_many_findings_are_counted_and_not_kept() -> None:
    findings = Findings()
    for number in range(KEPT_MAX + 5):
        findings.add("x", Event(number, "topic", "id", {}), "message")

    assert (len(findings.kept), findings.count) == (KEPT_MAX, KEPT_MAX + 5)
