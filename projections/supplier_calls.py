"""Calls as their suppliers saw them: followed from the hold to the end, and added up.

Everything is counted when a call ends: then all its attempts are known, wherever a batch began.
The charge, its usage and its corrections stand with the attempt that answered.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from domain import inference_request as request
from domain.metered_call import QUARANTINED
from domain.settle_call import BEYOND_CAP
from domain.usage import OUTPUT_COMPONENTS
from projections.errors import LogError
from projections.events import Event, Fields

RESERVED, ATTEMPTED = request.Reserved.TOPIC, request.Attempted.TOPIC
CHARGED, RELEASED = request.Charged.TOPIC, request.Released.TOPIC
LOST, CORRECTED = request.OutcomeUnknown.TOPIC, request.Corrected.TOPIC
TOPICS: Final = frozenset({RESERVED, ATTEMPTED, CHARGED, RELEASED, LOST, CORRECTED})

ANSWERED: Final = frozenset({"ok", "broken"})
"""Outcomes of an attempt that gave output, so that the supplier bills for it."""
OUTPUTS: Final = (
    ("completion_tokens",),
    ("output_tokens",),
    ("outputTokens",),
    ("candidatesTokenCount", "thoughtsTokenCount"),
)
"""What suppliers call the whole output, each in its protocol."""
NO_ATTEMPT: Final = "none"
"""Stands in for the outcome where a call ended and no attempt of it is on record."""


class Key(NamedTuple):
    """What the figures are added up by.

    The day is the UTC day on which the call began. `priced` says whether the route had a cost
    card and the report could be believed; `crossed` whether it ended on another day.
    """

    day: str
    provider: str
    upstream_model: str
    model: str
    customer_id: str
    currency: str
    outcome: str
    priced: bool
    crossed: bool


@dataclass(slots=True)
class Row:
    """What events add to one key; money in nanos, corrections signed as credit given back."""

    attempts: int = 0
    cost: int = 0
    charges: int = 0
    charged: int = 0
    corrected: int = 0
    position: int = 0
    tokens: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Call:
    """A call on its way; `carrier` is where its charge stands, once it has ended."""

    day: str
    model: str
    customer_id: str
    input_tokens: int
    output_cap: int
    attempts: list[Fields] = field(default_factory=list[Fields])
    lost: bool = False
    carrier: Key | None = None


class Fold:
    """Follows calls through events."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}
        self.lost: dict[str, Fields] = {}
        """Calls whose outcome is unknown, by id."""
        self.found: list[str] = []
        """Calls that were lost before these events and have ended after all."""
        self._calls: dict[str, Call] = {}

    def recall(self, events: Iterable[Event]) -> None:
        """Follow what was counted before, without counting it again."""
        self.take(events)
        self.rows.clear()
        self.lost.clear()
        self.found.clear()

    def take(self, events: Iterable[Event]) -> None:
        """Follow the next events."""
        calls = self._calls
        for position, topic, request_id, fact in events:
            call = calls.get(request_id)
            if topic == RESERVED:
                calls[request_id] = Call(
                    fact["timestamp"][:10], fact["model"], fact["customer_id"],
                    fact["input_tokens"], fact["output_cap"],
                )  # fmt: skip
            elif call is None:
                raise LogError(position, "goes on with a call that never began")
            elif topic == ATTEMPTED:
                call.attempts.append(fact)
            elif topic == LOST:
                self._lose(position, request_id, call)
            elif topic == CORRECTED:
                self._correct(position, call, fact)
            else:
                self._end(position, request_id, call, fact)

    def _end(self, position: int, request_id: str, call: Call, fact: Fields) -> None:
        """Count every attempt, and put the charge with the one that answered."""
        crossed = fact["timestamp"][:10] != call.day
        doubted = fact.get("reason") == QUARANTINED
        call.model = fact.get("model") or call.model
        carrier = _no_key(call, fact, crossed)
        for attempt in call.attempts:
            answered = attempt["outcome"] in ANSWERED
            key = _key(call, attempt, crossed, doubted and answered)
            row = self._row(position, key)
            row.attempts += 1
            row.cost += attempt["cost"] or 0
            carrier = key if answered else carrier
        call.carrier = carrier
        if "amount" in fact:
            self._charge(position, carrier, fact)
        if call.lost and self.lost.pop(request_id, None) is None:
            self.found.append(request_id)

    def _charge(self, position: int, carrier: Key, fact: Fields) -> None:
        row = self._row(position, carrier)
        row.charges += 1
        row.charged += fact["amount"]
        tokens = row.tokens
        for component, quantity in billable(fact).items():
            tokens[component] = tokens.get(component, 0) + quantity

    def _correct(self, position: int, call: Call, fact: Fields) -> None:
        assert call.carrier is not None, "only a call that has ended is corrected"
        self._row(position, call.carrier).corrected += fact["amount"]

    def _lose(self, position: int, request_id: str, call: Call) -> None:
        call.lost = True
        self.lost[request_id] = {
            "request_id": request_id,
            "day": call.day,
            "model": call.model,
            "customer_id": call.customer_id,
            "input_tokens": call.input_tokens,
            "output_cap": call.output_cap,
            "position": position,
        }

    def _row(self, position: int, key: Key) -> Row:
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Row()
        row.position = position
        return row


def begun_earlier(events: Iterable[Event]) -> set[str]:
    """Name the calls of which these events tell only the end."""
    begun: set[str] = set()
    earlier: set[str] = set()
    for _, topic, request_id, _ in events:
        if topic == RESERVED:
            begun.add(request_id)
        elif request_id not in begun:
            earlier.add(request_id)
    return earlier


def billable(fact: Fields) -> dict[str, int]:
    """Give what a supplier bills a charge's usage as: also the output beyond the cap we sent.

    Nobody was charged for that, so it is in the supplier's own counters only.
    """
    usage: dict[str, int] = fact["usage"]
    if BEYOND_CAP not in fact["flags"]:
        return usage
    reported = fact["reported"]
    told = next((sum(map(_of(reported), names)) for names in OUTPUTS if names[0] in reported), 0)
    excess = max(0, told - sum(usage.get(component, 0) for component in OUTPUT_COMPONENTS))
    return {**usage, "output": usage.get("output", 0) + excess}


def _of(reported: Mapping[str, int]) -> Callable[[str], int]:
    return lambda name: reported.get(name, 0)


def _key(call: Call, attempt: Fields, crossed: bool, doubted: bool) -> Key:
    return Key(
        call.day, attempt["provider"], attempt["upstream_model"], call.model, call.customer_id,
        attempt["cost_currency"], QUARANTINED if doubted else attempt["outcome"],
        attempt["cost"] is not None and not doubted, crossed,
    )  # fmt: skip


def _no_key(call: Call, fact: Fields, crossed: bool) -> Key:
    # For an answer from a cache no provider was asked, and none bills us anything.
    cached = fact.get("basis") == request.CACHED
    provider = "" if cached else fact.get("provider", "")
    return Key(
        call.day, provider, "", call.model, call.customer_id, "", NO_ATTEMPT, cached, crossed,
    )  # fmt: skip
