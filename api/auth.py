"""Authenticating: from a secret to whom it speaks for, without a search."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from uuid import UUID

from domain import ids
from domain.access import check_access
from domain.credential import Credential
from domain.decision import Decision
from domain.errors import InvalidApiKeyError, MissingApiKeyError
from domain.ports import Books, Ledger
from domain.reserve_call import Identity

KNOWN_MAX = 100_000
UNKNOWN_MAX = 10_000
UNKNOWN_SECONDS = 2.0
"""How long an unknown secret is refused without asking again."""

SECRET_PREFIX = "tb_"  # noqa: S105  # no secret: what every secret begins with
_SHARD_DIGITS = 4
_SECRET_MAX = 200


class Authenticator:
    """Remembers whom a secret speaks for, by its hash; whether it still may is asked each time."""

    def __init__(
        self, ledger: Ledger, shard: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._shard = shard
        self._clock = clock
        self._known: OrderedDict[bytes, Identity] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()

    async def identify(self, headers: Mapping[bytes, bytes]) -> Identity:
        """Tell who calls; whether the key may be used is checked by the call's own reserve.

        Raises MissingApiKeyError, InvalidApiKeyError or BillingUnavailableError.
        """
        secret = secret_in(headers)
        digest = hashlib.sha256(secret).digest()
        identity = self._known.get(digest)
        if identity is None:
            identity = await self._load(secret, digest)
        return identity

    async def authorise(self, headers: Mapping[bytes, bytes], permission: str) -> Identity:
        """Tell who calls, and check the key as it is now for this permission."""
        identity = await self.identify(headers)

        def check(books: Books) -> None:
            check_access(books, identity.credential_id, identity.key_id, permission)

        await self._ledger.read(Decision((identity.credential_id, identity.key_id), check))
        return identity

    async def _load(self, secret: bytes, digest: bytes) -> Identity:
        if self._unknown.get(digest, 0.0) > self._clock():
            raise InvalidApiKeyError
        identity = await self._ask(secret)
        if identity is None:
            self._unknown[digest] = self._clock() + UNKNOWN_SECONDS
            _bound(self._unknown, UNKNOWN_MAX)
            raise InvalidApiKeyError
        self._known[digest] = identity
        _bound(self._known, KNOWN_MAX)
        return identity

    async def _ask(self, secret: bytes) -> Identity | None:
        credential_id = _credential_id(secret, self._shard)
        if credential_id is None:
            return None

        def look(books: Books) -> Identity | None:
            credential = books.find(Credential, credential_id)
            if credential is None:
                return None
            return Identity(
                credential_id,
                UUID(credential.key_id),
                UUID(credential.wallet_id),
                UUID(credential.customer_id),
            )

        return await self._ledger.read(Decision((credential_id,), look))


def secret_in(headers: Mapping[bytes, bytes]) -> bytes:
    """Find the secret: `X-API-Key` wins over `Authorization: Bearer` when both are sent."""
    if given := headers.get(b"x-api-key", b"").strip():
        return given
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise MissingApiKeyError
    return token.strip()


def _credential_id(secret: bytes, shard: int) -> UUID | None:
    """Derive where a secret's credential is; None for what cannot be one of ours."""
    if len(secret) > _SECRET_MAX or not secret.isascii():
        return None
    text = secret.decode()
    digits = text.removeprefix(SECRET_PREFIX)[:_SHARD_DIGITS]
    named = f"{shard:0{_SHARD_DIGITS}x}"
    if not text.startswith(SECRET_PREFIX) or digits != named:
        return None
    return ids.credential_id(text, shard)


def _bound(cache: "OrderedDict[bytes, Identity] | OrderedDict[bytes, float]", most: int) -> None:
    while len(cache) > most:
        cache.popitem(last=False)
