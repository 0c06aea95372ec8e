"""What the ledger says of a customer's calls, and what it ought to say, computed apart from it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import bpe_openai
import psycopg

from tests.sdk.catalog import DEAREST, EVERY_PRICE

Json = dict[str, Any]
SETTLING_SECONDS = 20.0
NANOS, UNITS = 10**9, 10**6
CREDIT = 10 * NANOS
VOCABULARY = bpe_openai.get_encoding("o200k_base")
ENDS = {"charged", "released", "hold_expired"}


def charge_of(model: str, **tokens: int) -> int:
    """Nanos by the catalogue's prices: one exact sum, rounded once, half to even."""
    prices = EVERY_PRICE[model]
    exact = sum(Fraction(prices[name]) * count for name, count in tokens.items())
    return round(exact * NANOS / UNITS)


def hold_of(model: str, input_tokens: int, output_tokens: int) -> int:
    """The worst case in nanos, rounded up."""
    dearest_input, dearest_output = (Fraction(price) for price in DEAREST[model])
    exact = (dearest_input * input_tokens + dearest_output * output_tokens) * NANOS / UNITS
    return -(-exact.numerator // exact.denominator)


def decimal_of(nanos: int) -> str:
    """As the gateway writes money: at least two places, and no zeros beyond them."""
    digits = f"{nanos:010d}"
    return f"{digits[:-9]}.{digits[-9:].rstrip('0').ljust(2, '0')}"


@dataclass
class Call:
    """One request's facts on each of the three aggregates, in order."""

    request_id: str
    facts: dict[str, list[tuple[str, Json]]] = field(default_factory=dict)

    def of(self, aggregate: str, name: str) -> list[Json]:
        return [state for fact, state in self.facts.get(aggregate, []) if fact == name]

    @property
    def reserved(self) -> Json:
        return self.of("inference_request", "reserved")[0]

    @property
    def model(self) -> str:
        """The one that answered."""
        model: str = self.charged["model"] or self.reserved["model"]
        return model

    @property
    def attempts(self) -> list[Json]:
        return self.of("inference_request", "attempted")

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(attempt["provider"], attempt["outcome"]) for attempt in self.attempts]

    @property
    def charged(self) -> Json:
        return self.of("inference_request", "charged")[0]

    @property
    def released(self) -> Json:
        return self.of("inference_request", "released")[0]

    @property
    def held(self) -> int:
        held: int = self.reserved["amount"]
        return held

    @property
    def is_settled(self) -> bool:
        return all(
            any(fact in ENDS for fact, _ in self.facts.get(aggregate, []))
            for aggregate in ("wallet", "api_key", "inference_request")
        )

    @property
    def total(self) -> int:
        return sum(state["amount"] for state in self.of("wallet", "charged"))

    def check(self) -> None:
        """Held once and ended once, everywhere alike, and not a nano lost between."""
        for aggregate in ("wallet", "api_key", "inference_request"):
            facts = [fact for fact, _ in self.facts[aggregate]]
            assert facts.count("reserved") == 1, (aggregate, facts)
            assert len([fact for fact in facts if fact in ENDS]) == 1, (aggregate, facts)
            assert self.of(aggregate, "reserved")[0]["amount"] == self.held
        reserved = self.reserved
        caps = {reserved["model"]: reserved["output_cap"], **reserved["alternatives"]}
        assert self.held == max(
            hold_of(model, reserved["input_tokens"], cap * reserved["choices"])
            for model, cap in caps.items()
        )
        for end in self.of("wallet", "charged"):
            given_back = sum(part for _, part in end["returned"])
            drawn = sum(part for _, part in end["allocations"])
            assert end["held"] == self.held
            assert drawn == end["amount"] == self.charged["amount"]
            assert given_back == max(0, self.held - end["amount"])
            assert self.of("api_key", "charged")[0]["amount"] == end["amount"]
        for end in self.of("wallet", "released"):
            assert sum(part for _, part in end["returned"]) == end["held"] == self.held

    def assert_charged(
        self, model: str, *, basis: str = "reported", flags: tuple[str, ...] = (), **tokens: int
    ) -> None:
        """Charged exactly this usage at the catalogue's prices."""
        assert self.model == model
        assert (self.charged["basis"], self.charged["flags"]) == (basis, list(flags))
        assert self.charged["usage"] == {name: n for name, n in tokens.items() if n}
        assert self.charged["amount"] == charge_of(model, **tokens)
        assert self.charged["absorbed"] == 0

    def assert_counted(self, text: str, *, basis: str, flags: tuple[str, ...]) -> None:
        """Charged what we counted ourselves: exactly this text, a prompt of about its size."""
        assert (self.charged["basis"], self.charged["flags"]) == (basis, list(flags))
        usage = self.charged["usage"]
        assert usage.get("output", 0) == len(VOCABULARY.encode_ordinary(text))
        assert 3 <= usage["input"] <= self.reserved["input_tokens"]
        assert self.total == charge_of(self.model, **usage) <= self.held

    def assert_released(self, reason: str, flags: tuple[str, ...] = ()) -> None:
        assert (self.released["reason"], self.released["flags"]) == (reason, list(flags))
        assert self.total == 0


class Books:
    """Follows the log over one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._position = 0
        self._customers: dict[str, list[Call]] = {}
        self._owner_of_key: dict[str, str] = {}
        self._calls: dict[str, Call] = {}

    def calls_of(self, customer_id: str) -> list[Call]:
        """This customer's calls in the order of their holds."""
        rows = self._connection.execute(
            "SELECT position, originator_id, topic, state FROM ledger_events"
            " WHERE position > %s ORDER BY position",
            (self._position,),
        ).fetchall()
        for position, who, topic, state in rows:
            self._position = position
            self._read(who.hex, topic, json.loads(bytes(state)))
        return self._customers.get(customer_id.partition("_")[2], [])

    def _read(self, who: str, topic: str, state: Json) -> None:
        aggregate, fact, _ = topic.split(".")
        if (aggregate, fact) == ("api_key", "created"):
            self._owner_of_key[who] = state["customer_id"]
        if aggregate not in {"wallet", "api_key", "inference_request"}:
            return
        request_id = state.get("request_id", who)
        if fact == "reserved" and request_id not in self._calls:
            call = self._calls[request_id] = Call(f"req_{request_id}")
            owner = self._owner_of_key[state.get("key_id", who)]
            self._customers.setdefault(owner, []).append(call)
        if request_id in self._calls:
            self._calls[request_id].facts.setdefault(aggregate, []).append((fact, state))

    def mention(self, text: str) -> bool:
        """Whether any event holds this text."""
        row = self._connection.execute(
            "SELECT count(*) FROM ledger_events WHERE strpos(convert_from(state, 'UTF8'), %s) > 0",
            (text,),
        ).fetchone()
        return row is not None and row[0] > 0

    def settled_calls(
        self, customer_id: str, count: int, seconds: float = SETTLING_SECONDS
    ) -> list[Call]:
        """Wait until so many calls have ended, and check each of them."""

        def all_settled() -> bool:
            calls = self.calls_of(customer_id)
            return len(calls) >= count and all(call.is_settled for call in calls)

        wait_until(all_settled, f"{count} settled calls", seconds)
        calls = self.calls_of(customer_id)
        assert len(calls) == count, [call.request_id for call in calls]
        for call in calls:
            call.check()
        return calls


def wait_until(condition: Callable[[], bool], what: str, seconds: float = SETTLING_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
