"""How facts of earlier releases are read: old topic ▶ today's topic, and the change of state.

A fact's fields never change under one topic; a new shape takes the next number, and an
upcaster here.
"""

from collections.abc import Callable
from typing import Any

State = dict[str, Any]
Upcaster = tuple[str, Callable[[State], State]]


def _booked(state: State) -> State:
    """Book in the month of the fact's own time: 0.1 closed no month and knew no zone but UTC."""
    return {**state, "period": state["timestamp"][:7]}


def _reserved(state: State) -> State:
    return _reserved_for_one({**_booked(state), "tags": {}})


def _reserved_for_one(state: State) -> State:
    """Name the one model that could be held for before there were any others, at list price."""
    return {
        **state,
        "requested": state["model"],
        "alternatives": {},
        "price_list": None,
        "service_tier": None,
        "extras": {},
        "conversation_id": None,
    }


def _charged(state: State) -> State:
    return _charged_as_held(_booked(state))


def _charged_as_held(state: State) -> State:
    return {**state, "model": None, "service_tier": None}


def _wallet_corrected(state: State) -> State:
    booked = _booked(state)
    return {**booked, "corrects": booked["period"], "batch_id": None}


def _request_corrected(state: State) -> State:
    return {**_booked(state), "batch_id": None, "price_version": None}


def _created(state: State) -> State:
    return {**state, "tags": {}}


def _created_unopened(state: State) -> State:
    return {**state, "credential_id": None}


def _revoked(state: State) -> State:
    """End the secret at once: 0.1 knew no later end."""
    return {**state, "effective_at": state["timestamp"]}


def _plainly_priced(state: State) -> State:
    return {**state, "terms": {}, "lists": {}}


UPCASTERS: dict[str, Upcaster] = {
    "api_key.created.1": ("api_key.created.2", _created),
    "api_key.created.2": ("api_key.created.3", _created_unopened),
    "credential.revoked.1": ("credential.revoked.2", _revoked),
    "inference_request.reserved.1": ("inference_request.reserved.3", _reserved),
    "inference_request.reserved.2": ("inference_request.reserved.3", _reserved_for_one),
    "inference_request.charged.1": ("inference_request.charged.3", _charged),
    "inference_request.charged.2": ("inference_request.charged.3", _charged_as_held),
    "inference_request.corrected.1": ("inference_request.corrected.2", _request_corrected),
    "price_book.published.1": ("price_book.published.2", _plainly_priced),
    "price_book.drafted.1": ("price_book.drafted.2", _plainly_priced),
    "wallet.granted.1": ("wallet.granted.2", _booked),
    "wallet.reserved.1": ("wallet.reserved.2", _booked),
    "wallet.charged.1": ("wallet.charged.2", _booked),
    "wallet.released.1": ("wallet.released.2", _booked),
    "wallet.hold_expired.1": ("wallet.hold_expired.2", _booked),
    "wallet.grant_expired.1": ("wallet.grant_expired.2", _booked),
    "wallet.grant_voided.1": ("wallet.grant_voided.2", _booked),
    "wallet.corrected.1": ("wallet.corrected.2", _wallet_corrected),
}
