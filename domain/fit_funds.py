"""Fitting a call into the funds: how much output they allow, and what is short if they do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from domain.api_key import ApiKey
from domain.candidates import Candidate
from domain.errors import (
    HoldsInFlightError,
    InsufficientBalanceError,
    KeyQuotaExhaustedError,
    OutOfFundsError,
    UnsupportedParameterError,
    WalletInDebtError,
)
from domain.moment import Moment
from domain.money import Nanos
from domain.pricing import RateCard
from domain.quote import Quote
from domain.wallet import Wallet


class Priced(NamedTuple):
    """A candidate at the prices of this call."""

    candidate: Candidate
    card: RateCard

    @property
    def quote(self) -> Quote:
        """The size of the call there."""
        return self.candidate.quote


class Fitting(NamedTuple):
    """A candidate that the funds allow: with this output cap, at this worst case."""

    candidate: Candidate
    output_cap: int
    amount: Nanos


@dataclass(frozen=True, slots=True)
class Funds:
    """What a call may draw on."""

    wallet: Wallet
    key: ApiKey
    at: Moment

    @property
    def room(self) -> Nanos:
        """What may be held: the lesser of the wallet's and the key's headroom."""
        room = self.wallet.headroom(self.at)
        quota = self.key.headroom(self.at)
        return room if quota is None else min(room, quota)


def fit(priced: Sequence[Priced], funds: Funds) -> list[Fitting]:
    """Keep the candidates that the funds cover whole, else those they cover with less output.

    Raises the refusal of the first, which names what is short.
    """
    priced, room = _alike(priced), funds.room
    whole = [Fitting(p.candidate, p.quote.output_cap, _worst(p)) for p in priced]
    fitting = [found for found in whole if found.amount <= room or not found.amount]
    fitting = fitting or [found for p in priced if (found := _clamped(p, room))]
    if not fitting:
        raise _refusal(priced[0], room, funds)
    return fitting


def fully_priced(priced: Sequence[Priced]) -> list[Priced]:
    """Keep the candidates with a price for all that the call may use, or raise why there are none.

    The first refusal is raised: a service tier or a tool that has no price.
    """
    kept: list[Priced] = []
    refusal: UnsupportedParameterError | None = None
    for each in priced:
        try:
            each.quote.check_priced(each.card)
        except UnsupportedParameterError as refused:
            refusal = refusal or refused
        else:
            kept.append(each)
    if refusal and not kept:
        raise refusal
    return kept


def _alike(priced: Sequence[Priced]) -> Sequence[Priced]:
    """Size the prompt alike for all: one hold states one size, the largest."""
    most = max(p.quote.input_tokens for p in priced)
    return [p if p.quote.input_tokens == most else _sized(p, most) for p in priced]


def _sized(priced: Priced, input_tokens: int) -> Priced:
    quote = replace(priced.quote, input_tokens=input_tokens)
    return Priced(replace(priced.candidate, quote=quote), priced.card)


def _worst(priced: Priced) -> Nanos:
    return priced.quote.hold(priced.card, priced.quote.output_cap)


def _clamped(priced: Priced, room: Nanos) -> Fitting | None:
    quote = priced.quote
    affordable = quote.affordable_cap(priced.card, room)
    if not quote.clamps or affordable < 1:
        return None
    return Fitting(priced.candidate, affordable, quote.hold(priced.card, affordable))


def _refusal(priced: Priced, room: Nanos, funds: Funds) -> OutOfFundsError:
    wallet, key, at, quote = funds.wallet, funds.key, funds.at, priced.quote
    required = quote.hold(priced.card, 1) if quote.clamps else _worst(priced)
    headroom = wallet.headroom(at)
    if required <= headroom:
        available, reserved = key.headroom(at) or 0, key.reserved(at)
    else:
        available, reserved = wallet.available_at(at), wallet.reserved_at(at)
    return shortage(wallet, at, required=required, room=headroom)(
        required=required,
        available=available,
        reserved=reserved,
        currency=wallet.currency,
        max_affordable_output_tokens=max(0, quote.affordable_cap(priced.card, room)),
    )


def shortage(wallet: Wallet, at: Moment, *, required: Nanos, room: Nanos) -> type[OutOfFundsError]:
    """Name what is short: debt, the balance, other calls' holds, or only the key's quota."""
    if required <= room:
        return KeyQuotaExhaustedError
    if wallet.debt_at(at) > wallet.overdraft_limit:
        return WalletInDebtError
    if required <= room + wallet.reserved_at(at):
        return HoldsInFlightError
    return InsufficientBalanceError
