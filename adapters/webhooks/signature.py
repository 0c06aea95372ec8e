"""Signing as https://www.standardwebhooks.com says, with a secret of each customer's own.

The secret is derived from the operator's, so none is stored anywhere.
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

    def secret_of(self, customer_id: UUID) -> str:
        """Write the customer's secret in force as its owner is to see it."""
        return f"whsec_{_base64(_derive(self._secrets[0], customer_id))}"

    def headers(
        self, customer_id: UUID, *, webhook_id: str, timestamp: int, body: bytes
    ) -> dict[str, str]:
        """Sign one attempt, with every secret; the timestamp is in seconds since 1970."""
        signatures = (
            sign(_derive(secret, customer_id), webhook_id, timestamp, body)
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


def _derive(secret: bytes, customer_id: UUID) -> bytes:
    return hmac.digest(secret, _PURPOSE + customer_id.bytes, hashlib.sha256)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
