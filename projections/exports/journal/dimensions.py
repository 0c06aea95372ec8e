"""What every format tells of an entry besides its amounts: public ids and short codes."""

from typing import Final

from domain import ids
from projections.exports.journal.entries import Entry

NAMES: Final = (
    "customer_id",
    "wallet_id",
    "grant_id",
    "request_id",
    "key_id",
    "model",
    "price_version",
    "reference",
    "actor",
)


def dimensions(entry: Entry) -> tuple[str | None, ...]:
    """Tell whom and what an entry is about, in the order of the names."""
    request = entry.request
    return (
        _public(ids.CUSTOMER, entry.customer_id),
        _public(ids.WALLET, entry.wallet_id),
        _public(ids.GRANT, entry.grant_id),
        _public(ids.REQUEST, entry.request_id),
        _public(ids.KEY, request.get("key_id")),
        request.get("model"),
        request.get("price_version"),
        entry.reference,
        entry.actor,
    )


def told(entry: Entry) -> dict[str, str]:
    """Give those that there are, by name."""
    pairs = zip(NAMES, dimensions(entry), strict=True)
    return {name: value for name, value in pairs if value is not None}


def _public(prefix: str, hexed: str | None) -> str | None:
    return None if hexed is None else f"{prefix}_{hexed}"
