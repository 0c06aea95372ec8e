"""One table from what went wrong to what each surface's SDKs expect to hear (wire-facts §6).

The status on OpenAI's surfaces is the one that the management APIs have, too: api/errors.py.
"""

from dataclasses import dataclass
from typing import Final

from adapters.ledger.group_commit import OutcomeUnknownError
from api.admin.auth import InvalidAdminTokenError, MissingAdminTokenError
from api.call_proof import NotSealedError
from api.closing import NotClosableError, SealPendingError, StatementsNotIssuedError
from api.errors import (
    InternalError,
    InvalidFieldError,
    MethodNotAllowedError,
    NoEndpointError,
)
from api.statements import StatementChangedError, StatementPendingError
from domain import errors
from domain.access import ReplacedSecretError
from domain.call_policy import PolicyChangedError
from domain.candidates import MissingCapabilityError
from domain.change_webhook import NoWebhookError, TooSoonError
from domain.content_rules import ContentBlockedError
from domain.context_policy import BeyondWindowError
from domain.conversation import ConversationArchivedError
from domain.create_key import SecretShownError
from domain.errors import GatewayError
from domain.key_ceiling import ExceedsOwnKeyError
from domain.limits import RateLimitedError
from domain.periods import UnknownZoneError
from domain.routing_policy import RoutingPolicyError
from domain.supplier_report import InvalidReportError, ReportCurrencyError
from projections.errors import ProjectionLagError


@dataclass(frozen=True, slots=True)
class Told:
    """How an error is told, by surface."""

    openai: str
    """`type`; OpenAI's `code` is our own."""
    anthropic: tuple[int, str]
    """Status and `type`."""
    dashscope: tuple[int, str]
    """Status and `code`."""


_INVALID, _SERVER = "invalid_request_error", "server_error"
REQUEST = Told(_INVALID, (400, _INVALID), (400, "InvalidParameter"))
TOO_LARGE = Told(_INVALID, (413, "request_too_large"), (413, "RequestTooLarge"))
KEY = Told(_INVALID, (401, "authentication_error"), (401, "InvalidApiKey"))
SCOPE = Told("permission_error", (403, "permission_error"), (403, "AccessDenied"))
MODEL = Told(_INVALID, (404, "not_found_error"), (404, "Model.NotExist"))
NOWHERE = Told(_INVALID, (404, "not_found_error"), (404, "NotFound"))
METHOD = Told(_INVALID, (405, _INVALID), (405, "MethodNotAllowed"))
MONEY = Told("insufficient_quota", (402, "billing_error"), (400, "Arrearage"))
CONFLICT = Told(_INVALID, (409, "conflict_error"), (409, "Conflict"))
REUSED = Told(_INVALID, (422, _INVALID), (422, "InvalidParameter"))
RATE = Told("rate_limit_error", (429, "rate_limit_error"), (429, "Throttling.RateQuota"))
SATURATED = Told("rate_limit_error", (429, "rate_limit_error"), (429, "Throttling"))
UPSTREAM = Told(_SERVER, (500, "api_error"), (500, "InternalError"))
TIMEOUT = Told(_SERVER, (504, "timeout_error"), (504, "GatewayTimeout"))
LEDGER = Told(_SERVER, (503, "api_error"), (503, "ServiceUnavailable"))
BUG = Told(_SERVER, (500, "api_error"), (500, "InternalError"))

TABLE: Final[dict[type[GatewayError], Told]] = {
    errors.GatewayError: BUG,
    InternalError: BUG,
    errors.RefusalError: REQUEST,
    errors.InvalidRequestError: REQUEST,
    InvalidFieldError: REQUEST,
    InvalidReportError: REQUEST,
    ReportCurrencyError: REQUEST,
    UnknownZoneError: REQUEST,
    RoutingPolicyError: SCOPE,
    MissingCapabilityError: REQUEST,
    errors.UnsupportedParameterError: REQUEST,
    ContentBlockedError: REQUEST,
    errors.ContextLengthError: REQUEST,
    BeyondWindowError: REQUEST,
    errors.UnpricedCurrencyError: REQUEST,
    errors.BodyTooLargeError: TOO_LARGE,
    errors.MissingApiKeyError: KEY,
    errors.InvalidApiKeyError: KEY,
    errors.ApiKeyDisabledError: KEY,
    errors.ApiKeyExpiredError: KEY,
    MissingAdminTokenError: KEY,
    InvalidAdminTokenError: KEY,
    errors.PermissionDeniedError: SCOPE,
    errors.ModelNotAllowedError: SCOPE,
    errors.WalletFrozenError: SCOPE,
    ExceedsOwnKeyError: SCOPE,
    ReplacedSecretError: SCOPE,
    errors.ModelNotFoundError: MODEL,
    errors.NotFoundError: NOWHERE,
    NoEndpointError: NOWHERE,
    MethodNotAllowedError: METHOD,
    errors.OutOfFundsError: MONEY,
    errors.InsufficientBalanceError: MONEY,
    errors.HoldsInFlightError: MONEY,
    errors.KeyQuotaExhaustedError: MONEY,
    errors.WalletInDebtError: MONEY,
    errors.IdempotencyInProgressError: CONFLICT,
    errors.IdempotencyKeyReusedError: REUSED,
    errors.ConflictError: CONFLICT,
    ConversationArchivedError: CONFLICT,
    SecretShownError: CONFLICT,
    NoWebhookError: CONFLICT,
    NotSealedError: CONFLICT,
    NotClosableError: CONFLICT,
    StatementPendingError: CONFLICT,
    RateLimitedError: RATE,
    TooSoonError: RATE,
    errors.UpstreamFailureError: UPSTREAM,
    errors.UpstreamError: UPSTREAM,
    errors.UpstreamTimeoutError: TIMEOUT,
    errors.UpstreamRateLimitedError: SATURATED,
    errors.UpstreamRejectedError: REQUEST,
    errors.BillingUnavailableError: LEDGER,
    OutcomeUnknownError: LEDGER,
    ProjectionLagError: LEDGER,
    PolicyChangedError: LEDGER,
    SealPendingError: LEDGER,
    StatementChangedError: BUG,
    StatementsNotIssuedError: BUG,
}


def told(error: GatewayError) -> Told:
    """Find how an error is told; a narrower kind without its own row takes its parent's."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
