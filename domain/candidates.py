"""Candidates: the models that can take a call, by price, health and speed, best first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from domain import catalog
from domain.breakers import Breakers, Standing
from domain.catalog import BALANCED, CHEAPEST, FASTEST, Choice, Model, Route
from domain.errors import InvalidRequestError
from domain.metering import Estimate
from domain.money import Nanos
from domain.pricing import rate
from domain.quote import Quote
from domain.usage import Usage, exclusive

PERFECT: Final = 100
_UNKNOWN_SPEED: Final = 50
_HEALTH: Final = {Standing.CLOSED: PERFECT, Standing.HALF_OPEN: 50, Standing.OPEN: 0}
_WEIGHTS: Final = {BALANCED: (50, 30, 20), CHEAPEST: (100, 0, 0), FASTEST: (0, 0, 100)}
"""What price, health and speed count for, in percent; elsewhere only health does."""
_ONLY_HEALTH: Final = (0, 100, 0)


class MissingCapabilityError(InvalidRequestError):
    """No model that the call could go to can take what is in it."""

    code = "missing_capability"

    def __init__(self, model: str, missing: Iterable[str]) -> None:
        message = f"{model!r} leads to no model that can take {' and '.join(missing)}."
        super().__init__(message, "model")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a call asks of a model; by default, nothing but text."""

    tools: bool = False
    images: bool = False
    documents: bool = False
    audio: bool = False
    json_schema: bool = False
    reasoning: bool = False
    context_tokens: int = 0
    """The size of the prompt, where that is to be looked at."""

    @property
    def named(self) -> tuple[str, ...]:
        """Name the capabilities that are needed."""
        return tuple(name for name in catalog.CAPABILITIES if getattr(self, name))

    def missing(self, model: Model) -> list[str]:
        """Name what a model is known not to be capable of."""
        able = model.capabilities
        lacks = [] if able is None else [name for name in self.named if name not in able]
        return [*lacks, self._prompt] if self.context_tokens > model.context_tokens else lacks

    @property
    def _prompt(self) -> str:
        return f"a prompt of {self.context_tokens} tokens"


def capable(choice: Choice, needs: Needs) -> list[Model]:
    """Keep the models that can take a call, or raise MissingCapabilityError naming what is short.

    That is what none of them has, or, when each lacks something else, everything needed.
    """
    short = [needs.missing(model) for model in choice.models]
    found = [model for model, lacks in zip(choice.models, short, strict=True) if not lacks]
    if not found:
        wanted = dict.fromkeys(name for lacks in short for name in lacks)
        nowhere = [name for name in wanted if all(name in lacks for lacks in short)]
        raise MissingCapabilityError(choice.requested, nowhere or wanted)
    return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may answer a call: by which routes, and what the call comes to there."""

    model: Model
    routes: tuple[Route, ...]
    """Those of the model's that can carry the call."""
    quote: Quote
    estimate: Estimate
    score: int = PERFECT
    """How well it suits, from 0 to 100."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A model as it looks now."""

    candidate: Candidate
    place: int
    price: Nanos | None
    """By the catalogue, to compare; None where it is only on price lists, which may say any."""
    latency: int | None
    standing: Standing

    def score(self, strategy: str, cheapest: Nanos, fastest: int) -> int:
        """Weigh price, health and speed against the best there is."""
        price = 0 if self.price is None else PERFECT
        if self.price is not None and self.price > cheapest:
            price = PERFECT * cheapest // self.price
        speed = _UNKNOWN_SPEED if self.latency is None else PERFECT * fastest // self.latency
        parts = (price, _HEALTH[self.standing], speed)
        weights = _WEIGHTS.get(strategy, _ONLY_HEALTH)
        return sum(w * part for w, part in zip(weights, parts, strict=True)) // PERFECT


def rank(
    candidates: Sequence[Candidate], strategy: str, breakers: Breakers
) -> tuple[Candidate, ...]:
    """Score the candidates and put the best first; those that no route leads to now come last.

    Equal scores go by price, then by the operator's order, which alone counts for `ordered`. A
    model without a public price counts as the dearest.
    """
    if len(candidates) == 1:
        return (_scored(candidates[0], _HEALTH[_standing(candidates[0], breakers)]),)
    usage = _usage(candidates)
    looks = [_look(candidate, place, usage, breakers) for place, candidate in enumerate(candidates)]
    cheapest = min((look.price for look in looks if look.price is not None), default=0)
    fastest = min((look.latency for look in looks if look.latency is not None), default=1)
    scored = [(look.score(strategy, cheapest, fastest), look) for look in looks]
    weighed = strategy in _WEIGHTS

    def order(item: tuple[int, _Look]) -> tuple[int, ...]:
        score, look = item
        better = (-score, look.price is None, look.price or 0) if weighed else (0, 0, 0)
        return (look.standing is Standing.OPEN, *better, look.place)

    return tuple(_scored(look.candidate, score) for score, look in sorted(scored, key=order))


def _usage(candidates: Sequence[Candidate]) -> Usage:
    """Choose the one usage by which their prices are compared."""
    quotes = [candidate.quote for candidate in candidates]
    return exclusive(
        input=max(quote.input_tokens for quote in quotes),
        output=min(quote.output_cap for quote in quotes),
    )


def _look(candidate: Candidate, place: int, usage: Usage, breakers: Breakers) -> _Look:
    model = candidate.model
    ways = [(breakers.standing(model, r), breakers.latency(model, r)) for r in candidate.routes]
    standing = max(standing for standing, _ in ways)
    known = [latency for now, latency in ways if now is standing and latency is not None]
    return _Look(
        candidate,
        place,
        rate(usage, model.card) if model.prices else None,
        max(1, min(known)) if known else None,
        standing,
    )


def _scored(candidate: Candidate, score: int) -> Candidate:
    return candidate if candidate.score == score else replace(candidate, score=score)


def _standing(candidate: Candidate, breakers: Breakers) -> Standing:
    """Take the best of its routes."""
    return max(breakers.standing(candidate.model, route) for route in candidate.routes)
