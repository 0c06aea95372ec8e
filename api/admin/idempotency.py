"""The Idempotency-Key of commands that move money: the same key and body move it once."""

import hashlib
import re
from typing import Final

import orjson
from fastapi import Request

from api.admin.body import Fields
from domain.errors import InvalidRequestError
from domain.idempotency import Idempotency
from domain.reserve_call import Claim

HEADER: Final = "idempotency-key"
HIT: Final = {"idempotency-hit": "true"}
"""Says that the answer is an earlier one's, and that nothing was done now."""
SCOPE: Final = "admin"

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


def claim_of(request: Request, body: Fields, shard: int, *, scope: str = SCOPE) -> Claim | None:
    """Read the header as a claim for this path and body; raises InvalidRequestError."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        message = "'Idempotency-Key' must be 1 to 255 visible ASCII characters, sent once."
        raise InvalidRequestError(message, "Idempotency-Key")
    (key,) = given
    fields = orjson.dumps(
        body.model_dump(mode="json", exclude_unset=True), option=orjson.OPT_SORT_KEYS
    )
    # The key salts the hash: a reason in the body must not be guessable once it is erased.
    body_hash = hashlib.sha256(key.encode() + b"\0" + fields).hexdigest()
    claim_id = Idempotency.id_of(shard, scope=scope, route=request.url.path, key=key)
    return Claim(claim_id, body_hash)
