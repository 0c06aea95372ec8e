"""Facts as stored events: whatever a fact holds comes back, and old shapes are read as new ones."""

import dataclasses
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

import orjson
import pytest

import domain
from adapters.ledger.aggregates import Row, fold
from adapters.ledger.event_codec import AnyFact, decode, encode
from domain.aggregate import Fact, FirstFact
from domain.upcasters import UPCASTERS
from domain.wallet import Wallet
from domain.wallet_events import Frozen, Granted

ROOT = Path(__file__).resolve().parents[3]
WALLET = UUID(int=7 << 16)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def fact_classes() -> list[type[AnyFact]]:
    for module in pkgutil.iter_modules(domain.__path__):
        importlib.import_module(f"domain.{module.name}")
    return sorted(
        (kind for base in (Fact, FirstFact) for kind in below(base) if "TOPIC" in vars(kind)),
        key=lambda kind: kind.TOPIC,
    )


def below(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


FACTS = fact_classes()


def example(kind: Any, name: str = "") -> Any:
    """A value of a type; lists for tuples, since JSON has no others."""
    samples: dict[Any, Any] = {
        UUID: WALLET,
        int: 2**53 + 1,
        bool: True,
        str: f'{name} "quoted" \u20ac\n',
        datetime: NOON + timedelta(microseconds=1),
    }
    if isinstance(kind, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    origin, parts = get_origin(kind), get_args(kind)
    if origin is list:
        return [example(parts[0]), example(parts[0])]
    if origin is tuple:
        return [example(part) for part in parts]
    if origin is dict:
        return {"some key": example(parts[1])}
    if is_typeddict(kind):
        return {key: example(part, key) for key, part in get_type_hints(kind).items()}
    return samples[kind]


def fact_of(kind: type[Any], *, absent: bool) -> AnyFact:
    """A fact with a value in every field; `absent` leaves out what may be."""
    types = get_type_hints(kind) | {"originator_id": UUID}
    fields = {
        field.name: None
        if absent and type(None) in get_args(types[field.name])
        else example(types[field.name], field.name)
        for field in dataclasses.fields(kind)
    }
    if issubclass(kind, FirstFact):
        fields["originator_topic"] = "wallet"
    made: AnyFact = kind(**fields)
    return made


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.TOPIC)
@pytest.mark.parametrize("absent", [False, True], ids=["all given", "options absent"])
def test_a_fact_comes_back_as_it_was(kind: type[AnyFact], absent: bool) -> None:
    fact = fact_of(kind, absent=absent)

    stored = encode(fact)
    back = decode(WALLET, stored.originator_version, stored.topic, stored.state)

    assert type(back) is kind
    assert vars(back) == vars(fact)
    assert stored.topic == kind.TOPIC
    assert orjson.dumps(orjson.loads(stored.state)) == stored.state


def test_every_fact_has_a_topic_of_its_own_with_a_number() -> None:
    topics = [kind.TOPIC for kind in FACTS]

    assert len(set(topics)) == len(topics) > 30
    assert all(topic.rpartition(".")[2].isdigit() for topic in topics)


def test_no_fact_has_a_field_that_could_hold_a_fraction() -> None:
    floats = [
        f"{kind.TOPIC} {field.name}"
        for kind in FACTS
        for field in dataclasses.fields(kind)
        if "float" in str(field.type) or "Any" in str(field.type)
    ]

    assert floats == []


def test_a_time_of_another_zone_stays_the_same_moment() -> None:
    moscow = NOON.astimezone(timezone(timedelta(hours=3)))
    fact = Frozen(originator_id=WALLET, originator_version=2, timestamp=moscow, actor="x")

    back = decode(WALLET, 2, Frozen.TOPIC, encode(fact).state)

    assert back.timestamp == NOON


def test_a_whole_second_comes_back_too() -> None:
    fact = Frozen(originator_id=WALLET, originator_version=2, timestamp=NOON, actor="x")

    assert decode(WALLET, 2, Frozen.TOPIC, encode(fact).state).timestamp == NOON


def test_upcasters_are_run_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Release 1 froze without a name, release 2 called it `who`, and neither class is left."""
    monkeypatch.setitem(
        UPCASTERS, "wallet.stopped.1", ("wallet.stopped.2", lambda state: {**state, "who": "ann"})
    )

    def renamed(state: dict[str, Any]) -> dict[str, Any]:
        return {"timestamp": state["timestamp"], "actor": state["who"]}

    monkeypatch.setitem(UPCASTERS, "wallet.stopped.2", (Frozen.TOPIC, renamed))
    written = orjson.dumps({"timestamp": NOON})

    fact = decode(WALLET, 5, "wallet.stopped.1", written)

    assert type(fact) is Frozen
    assert (fact.originator_id, fact.originator_version) == (WALLET, 5)
    assert (fact.actor, fact.timestamp) == ("ann", NOON)


def test_an_old_fact_takes_its_place_in_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_nanos(state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "amount": state.pop("micros") * 1_000}

    monkeypatch.setitem(UPCASTERS, "wallet.granted.0", (Granted.TOPIC, in_nanos))
    opened = {
        "originator_topic": "wallet", "timestamp": NOON, "customer_id": "c", "currency": "USD",
        "excess_policy": "absorbed",
    }  # fmt: skip
    granted = {
        "timestamp": NOON, "grant_id": "g", "micros": 7, "category": "paid", "priority": 0,
        "expires_at": NOON, "repaid": 0, "reference": None, "actor": "x",
        "period": "2026-11",
    }  # fmt: skip
    aggregates: dict[UUID, Any] = {}

    fold(
        [
            Row(WALLET, 1, "wallet.opened.1", orjson.dumps(opened)),
            Row(WALLET, 2, "wallet.granted.0", orjson.dumps(granted)),
        ],
        aggregates,
    )

    wallet = aggregates[WALLET]
    assert isinstance(wallet, Wallet)
    assert (wallet.available, wallet.lots["g"].expires_at) == (7_000, NOON)


def test_the_codec_alone_reads_every_fact() -> None:
    """A process that follows the log imports no command, and must still know what it reads."""
    script = """
import sys
from uuid import UUID
from adapters.ledger.event_codec import decode
import orjson
for line in open(sys.argv[1]).read().splitlines():
    event = orjson.loads(line)
    decode(UUID(event["originator_id"]), event["version"], event["topic"], event["state"].encode())
"""
    log = ROOT / "tests" / "golden" / "0.1.0.ndjson"

    subprocess.run([sys.executable, "-W", "error", "-c", script, log], cwd=ROOT, check=True)
