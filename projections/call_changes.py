"""What facts do to calls: a whole row for one that begins here, else only what has changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from domain import inference_request as request
from domain.money import Nanos
from domain.usage import INPUT_COMPONENTS, OUTPUT_COMPONENTS
from projections.events import Event, Fields

_INPUT: Final = frozenset(INPUT_COMPONENTS)
_OUTPUT: Final = frozenset(OUTPUT_COMPONENTS)


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of a call; positive gives credit back."""

    position: int
    timestamp: str
    period: str
    amount: Nanos


@dataclass(slots=True)
class Call:
    """A call, or its change since an earlier batch: then None is what stays as it is."""

    request_id: str
    customer_id: str | None = None
    wallet_id: str = ""
    key_id: str = ""
    model: str = ""
    """What it was booked under before these events: at first, what was first held for."""
    requested: str | None = None
    surface: str | None = None
    price_version: str | None = None
    price_list: str | None = None
    service_tier: str | None = None
    """The one asked for, then the one it is rated at."""
    hold: Nanos = 0
    hold_period: str = ""
    """The month of its hold; whoever adds a call knows it if the call has been `answered`."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    client_request_id: str | None = None
    conversation_id: str | None = None
    created_at: str = ""
    created_position: int | None = None
    """Of its hold; None if that is in an earlier batch."""
    status: str | None = None
    answered: str | None = None
    """The model that answered, if it is another than was first held for."""
    basis: str | None = None
    period: str | None = None
    amount: Nanos | None = None
    absorbed: Nanos | None = None
    corrected: Nanos = 0
    usage: dict[str, int] | None = None
    estimated_tokens: int = 0
    """Of its prompt, as it was held for; only known where it begins."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    flags: list[str] | None = None
    reason: str | None = None
    ended_at: str | None = None
    milliseconds: int | None = None
    first_byte_ms: int | None = None
    settled_position: int = 0
    """Of its charge or release, if that is in this batch."""
    corrections: list[Correction] = field(default_factory=list[Correction])
    position: int = 0

    @property
    def booked(self) -> str:
        """The model that it is booked under from now on."""
        return self.answered or self.model


def fold(events: Iterable[Event]) -> dict[str, Call]:
    """Give the calls that these events begin or change, by id."""
    calls: dict[str, Call] = {}
    for position, topic, request_id, fact in events:
        if topic == _RESERVED:
            calls[request_id] = _begun(request_id, fact, position)
            continue
        call = calls.get(request_id)
        if call is None:
            call = calls[request_id] = Call(request_id)
        call.position = position
        CHANGES[topic](call, fact)
    return calls


def _begun(request_id: str, fact: Fields, position: int) -> Call:
    return Call(
        request_id,
        fact["customer_id"],
        fact["wallet_id"],
        fact["key_id"],
        fact["model"],
        fact["requested"],
        fact["surface"],
        fact["price_version"],
        fact["price_list"],
        fact["service_tier"],
        fact["amount"],
        fact["period"],
        fact["tags"],
        fact["client_request_id"],
        fact["conversation_id"],
        fact["timestamp"],
        position,
        request.RESERVED,
        period=fact["period"],
        estimated_tokens=fact["input_tokens"],
        position=position,
    )


def _charged(call: Call, fact: Fields) -> None:
    usage = fact["usage"]
    call.status = request.CHARGED
    call.answered = fact["model"]
    call.service_tier = fact["service_tier"]
    call.basis = fact["basis"]
    call.period = fact["period"]
    call.amount = fact["amount"]
    call.absorbed = fact["absorbed"]
    call.usage = usage
    call.output_tokens = sum([n for component, n in usage.items() if component in _OUTPUT])
    call.input_tokens = sum([n for component, n in usage.items() if component in _INPUT])
    call.first_byte_ms = fact["first_byte_ms"]
    _settled(call, fact)


def _released(call: Call, fact: Fields) -> None:
    call.status = request.RELEASED
    call.reason = fact["reason"]
    _settled(call, fact)


def _settled(call: Call, fact: Fields) -> None:
    call.flags = fact["flags"]
    call.milliseconds = fact["milliseconds"]
    call.ended_at = fact["timestamp"]
    call.settled_position = call.position


def _lost(call: Call, fact: Fields) -> None:
    call.status = request.UNKNOWN
    call.ended_at = fact["timestamp"]


def _corrected(call: Call, fact: Fields) -> None:
    amount = fact["amount"]
    call.corrected += amount
    call.corrections.append(Correction(call.position, fact["timestamp"], fact["period"], amount))


_RESERVED: Final = request.Reserved.TOPIC

CHANGES: Final[dict[str, Callable[[Call, Fields], None]]] = {
    request.Charged.TOPIC: _charged,
    request.Released.TOPIC: _released,
    request.OutcomeUnknown.TOPIC: _lost,
    request.Corrected.TOPIC: _corrected,
}

TOPICS: Final = frozenset((_RESERVED, *CHANGES))
