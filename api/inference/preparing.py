"""A request on its way from the client to its hold: changed as the customer's policies say.

Whatever changes a prompt changes its bytes here, before any protocol is read, so that it is the
changed prompt that is sized, held for, sent and kept. What has to be undone in the answer is
undone by the preparation's `restorer`, the last step before the client.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from adapters.masking.restorer import Restorer as Unmasking
from adapters.masking.terms import Terms
from api.inference.masking import mask
from domain.call_policy import CallPolicy


class Restorer(Protocol):
    """Undoes in an answer what was done to its prompt."""

    def whole(self, body: bytes) -> bytes:
        """Restore a JSON answer."""
        ...

    def part(self, data: bytes) -> bytes:
        """Restore the next bytes of a stream; what may go on later is kept until it does."""
        ...

    def rest(self) -> bytes:
        """Give what is still kept, at the end of a stream."""
        ...


@dataclass(slots=True)
class Prepared:
    """A request body as it goes on from here."""

    body: bytes
    restorer: Restorer | None = None
    """None if there is nothing to undo, as for most calls."""


async def prepare(
    raw: bytes, policy: CallPolicy, terms: Terms, tag_names: Collection[str] = ()
) -> Prepared:
    """Apply a customer's policies to a request body, but for the tags that `tag_names` name.

    Raises InvalidRequestError for a body that is no JSON object, or a refusal of the policy's.
    """
    masked = await mask(raw, policy.security, terms, tag_names)
    if masked is None:
        return Prepared(raw)
    if not masked.placeholders:
        return Prepared(masked.body)
    unmasking = Unmasking(masked.placeholders, masked.incremental, masked.in_json)
    return Prepared(masked.body, unmasking)
