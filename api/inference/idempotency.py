"""The Idempotency-Key header on inference calls."""

import hashlib
import re
from collections.abc import Mapping

from domain import ids
from domain.errors import InvalidRequestError
from domain.idempotency import Idempotency
from domain.reserve_call import Claim, Identity

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
ROUTE = "inference"


def claim_of(headers: Mapping[bytes, bytes], identity: Identity, body: bytes) -> Claim | None:
    """Read the header as a claim in the key's own scope; raises InvalidRequestError."""
    given = headers.get(b"idempotency-key")
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        message = "'Idempotency-Key' must be 1 to 255 visible ASCII characters."
        raise InvalidRequestError(message)
    shard = ids.shard_of(identity.wallet_id)
    claim_id = Idempotency.id_of(shard, scope=identity.key_id.hex, route=ROUTE, key=given.decode())
    return Claim(claim_id, hashlib.sha256(body).hexdigest())
