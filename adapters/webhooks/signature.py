"""Signing as https://www.standardwebhooks.com says, with a secret of each customer's own.

The secret is derived from the operator's and a number that the customer can raise, so none is
stored anywhere.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final
from uuid import UUID

_PURPOSE: Final = b"tollbook webhook secret 1\0"


class Signer:
    """Knows the operator's secrets: the first is in force, the others are on their way out."""

    def __init__(self, secrets: Sequence[str]) -> None:
        assert secrets, "without a secret nothing is signed"
        self._secrets = tuple(secret.encode() for secret in secrets)

    def secret_of(self, customer_id: UUID, number: int = 0) -> str:
        """Write a secret of the customer's as its owner is to see it."""
        return f"whsec_{_base64(_derive(self._secrets[0], customer_id, number))}"

    def headers(
        self,
        customer_id: UUID,
        *,
        webhook_id: str,
        timestamp: int,
        body: bytes,
        numbers: Sequence[int] = (0,),
    ) -> dict[str, str]:
        """Sign one attempt, with every secret; the timestamp is in seconds since 1970.

        `numbers` are those of the customer's secrets that still count.
        """
        signatures = (
            sign(_derive(secret, customer_id, number), webhook_id, timestamp, body)
            for number in numbers
            for secret in self._secrets
        )
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }


def sign(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Write one signature in the form of the first version, the symmetric one."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return f"v1,{_base64(hmac.digest(key, signed, hashlib.sha256))}"


def _derive(secret: bytes, customer_id: UUID, number: int) -> bytes:
    # The first secret is the one that customers had before there were others.
    numbered = number.to_bytes(4) if number else b""
    return hmac.digest(secret, _PURPOSE + customer_id.bytes + numbered, hashlib.sha256)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
