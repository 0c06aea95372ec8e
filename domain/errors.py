"""Everything Tollbook can refuse or fail with, by stable code.

GatewayError
├── RefusalError              expected; the caller can act on it
│   ├── InvalidRequestError, UnsupportedParameterError, ContextLengthError, BodyTooLargeError
│   ├── MissingApiKeyError, InvalidApiKeyError, ApiKeyDisabledError, ApiKeyExpiredError
│   ├── PermissionDeniedError, ModelNotAllowedError, ModelNotFoundError, NotFoundError
│   ├── OutOfFundsError       InsufficientBalance, HoldsInFlight, KeyQuotaExhausted, WalletInDebt
│   └── WalletFrozenError, UnpricedCurrencyError, ConflictError, IdempotencyInProgressError, …
├── UpstreamFailureError      the provider's side; the hold is settled
│   └── UpstreamError, UpstreamTimeoutError, UpstreamRateLimitedError, UpstreamRejectedError
└── BillingUnavailableError   the ledger cannot be reached: fail closed
"""

from typing import ClassVar

from domain.money import Nanos, format_amount


class GatewayError(Exception):
    """The base of all; `code` is a public contract and is never renamed."""

    code: ClassVar[str] = "internal_error"
    retry_after: int | None = None


class RefusalError(GatewayError):
    """Expected: nothing was appended, and the caller can act on it."""


class InvalidRequestError(RefusalError):
    """A field is missing, misspelt or out of range."""

    code = "invalid_value"

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class UnsupportedParameterError(InvalidRequestError):
    """A field that would change the price or the meaning, and that we cannot honour."""

    code = "unsupported_parameter"

    def __init__(self, param: str, why: str = "is not supported here") -> None:
        shown = param[:200]  # a caller's own names have no limit
        super().__init__(f"'{shown}' {why}.", shown)


class ContextLengthError(InvalidRequestError):
    """The prompt cannot fit the model's context window."""

    code = "context_length_exceeded"

    def __init__(self, *, tokens: int, limit: int) -> None:
        super().__init__(
            f"The prompt is at least {tokens} tokens; the model's context is {limit}.", "messages"
        )


class BodyTooLargeError(RefusalError):
    """The request body is beyond the limit."""

    code = "request_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes.")


class MissingApiKeyError(RefusalError):
    """No credential came with the request."""

    code = "missing_api_key"

    def __init__(self) -> None:
        super().__init__("Missing API key: send 'Authorization: Bearer <key>' or 'X-API-Key'.")


class InvalidApiKeyError(RefusalError):
    """No such credential, or it was revoked."""

    code = "invalid_api_key"

    def __init__(self) -> None:
        super().__init__("The API key is not valid.")


class ApiKeyDisabledError(RefusalError):
    """The key was disabled."""

    code = "api_key_disabled"

    def __init__(self) -> None:
        super().__init__("The API key is disabled.")


class ApiKeyExpiredError(RefusalError):
    """The key's own expiry has passed."""

    code = "api_key_expired"

    def __init__(self) -> None:
        super().__init__("The API key has expired.")


class PermissionDeniedError(RefusalError):
    """The key lacks the permission that the route needs."""

    code = "permission_denied"

    def __init__(self, permission: str) -> None:
        super().__init__(f"The API key lacks the permission '{permission}'.")


class ModelNotAllowedError(RefusalError):
    """The key's scope excludes the model, or every provider of it."""

    code = "model_not_allowed"

    def __init__(self, model: str) -> None:
        super().__init__(f"The API key may not call the model '{model}'.")
        self.param = "model"


class ModelNotFoundError(RefusalError):
    """Unknown, or without a price, which is the same to a caller."""

    code = "model_not_found"

    def __init__(self, model: str) -> None:
        super().__init__(f"The model '{model[:200]}' does not exist.")
        self.param = "model"


class UnpricedCurrencyError(RefusalError):
    """No model has a price in this currency."""

    code = "unpriced_currency"

    def __init__(self, currency: str) -> None:
        super().__init__(f"No model has a price in {currency}.")
        self.param = "currency"


class NotFoundError(RefusalError):
    """A resource that is not there, or belongs to somebody else."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"No such {what}.")


class WalletFrozenError(RefusalError):
    """An operator froze the wallet."""

    code = "wallet_frozen"

    def __init__(self) -> None:
        super().__init__("The wallet is frozen; ask the operator.")


class OutOfFundsError(RefusalError):
    """The hold does not fit; amounts in nanos."""

    limit_source: ClassVar[str] = "wallet"

    def __init__(
        self,
        *,
        required: Nanos,
        available: Nanos,
        reserved: Nanos,
        currency: str,
        max_affordable_output_tokens: int = 0,
    ) -> None:
        self.required = required
        self.available = available
        self.reserved = reserved
        self.currency = currency
        self.max_affordable_output_tokens = max_affordable_output_tokens
        super().__init__(
            f"{self.opening} The call needs {format_amount(required)} {currency} at most, "
            f"{format_amount(available)} is available and {format_amount(reserved)} is held; "
            f"you can afford {max_affordable_output_tokens} output tokens."
        )

    opening: ClassVar[str] = "Out of funds."


class InsufficientBalanceError(OutOfFundsError):
    """The wallet could not cover the call even with no other call open."""

    code = "insufficient_balance"
    opening = "Insufficient balance."


class HoldsInFlightError(OutOfFundsError):
    """Only open holds stand in the way: worth another try."""

    code = "holds_in_flight"
    limit_source = "in_flight_holds"
    opening = "Other calls hold the balance."
    retry_after = 2


class KeyQuotaExhaustedError(OutOfFundsError):
    """The key's own quota does not cover the call."""

    code = "key_quota_exhausted"
    limit_source = "api_key_quota"
    opening = "The API key's quota is exhausted."


class WalletInDebtError(OutOfFundsError):
    """Debt beyond the overdraft limit blocks new holds."""

    code = "wallet_in_debt"
    opening = "The wallet is in debt."


class IdempotencyInProgressError(RefusalError):
    """The key has been used for a call that was already made."""

    code = "idempotency_conflict"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"This Idempotency-Key was already used by the request {request_id}.")
        self.request_id = request_id


class IdempotencyKeyReusedError(RefusalError):
    """The same key came with another body."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was already used with another body.")


class ConflictError(RefusalError):
    """The resource is in a state that does not allow this."""

    code = "conflict"


class UpstreamFailureError(GatewayError):
    """The provider's side failed; whatever it cost us is recorded."""


class UpstreamError(UpstreamFailureError):
    """It refused, broke or made no sense."""

    code = "upstream_error"

    def __init__(self, message: str = "The model's provider failed.") -> None:
        super().__init__(message)


class UpstreamTimeoutError(UpstreamFailureError):
    """It did not answer in time."""

    code = "upstream_timeout"

    def __init__(self) -> None:
        super().__init__("The model's provider did not answer in time.")


class UpstreamRateLimitedError(UpstreamFailureError):
    """Every route is saturated."""

    code = "upstream_rate_limited"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("Every provider of the model is saturated; try again later.")
        self.retry_after = retry_after


class UpstreamRejectedError(UpstreamFailureError):
    """It found fault with the request itself, so another route would too."""

    code = "upstream_rejected"

    def __init__(self, status: int, reason: str | None, param: str | None) -> None:
        detail = f": {reason}" if reason else ""
        super().__init__(f"The model's provider rejected the request ({status}{detail}).")
        self.param = param


class BillingUnavailableError(GatewayError):
    """No call is made that cannot be billed."""

    code = "billing_unavailable"
    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The ledger cannot be reached; nothing was charged.")
