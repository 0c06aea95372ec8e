"""Whether a secret opens its key now, for what it is to be used for."""

from typing import Final
from uuid import UUID

from domain.api_key import MANAGE, ApiKey
from domain.credential import Credential
from domain.errors import (
    ApiKeyDisabledError,
    ApiKeyExpiredError,
    InvalidApiKeyError,
    PermissionDeniedError,
    RefusalError,
)
from domain.ports import Books

SHUT: Final = (InvalidApiKeyError, ApiKeyDisabledError, ApiKeyExpiredError)
"""What is refused to whoever has a secret that opens nothing."""


class ReplacedSecretError(PermissionDeniedError):
    """The secret was replaced: until its grace ends it may call models, and do nothing else."""

    def __init__(self) -> None:
        RefusalError.__init__(self, "The API key was rotated; its old secret manages nothing.")


def check_access(books: Books, credential_id: UUID, key_id: UUID, permission: str) -> ApiKey:
    """Find the key that a credential opens, or raise why it does not open it for this.

    A secret that was replaced, and lives on for its grace, manages nothing: whoever stole it could
    rotate the key again.
    """
    credential, key = books.find(Credential, credential_id), books.find(ApiKey, key_id)
    if credential is None or key is None:
        raise InvalidApiKeyError
    credential.check_valid(books.at)
    key.check_usable(books.at, permission)
    if permission == MANAGE and key.credential_id not in {None, credential_id.hex}:
        raise ReplacedSecretError
    return key
