"""How the outside is told of an error: one table from what went wrong to an HTTP status."""

from typing import Final

from api.closing import SealPendingError
from domain import errors
from domain.call_policy import PolicyChangedError
from domain.change_webhook import TooSoonError
from domain.create_key import SecretShownError
from domain.errors import GatewayError, InvalidRequestError, RefusalError
from domain.key_ceiling import ExceedsOwnKeyError
from domain.limits import RateLimitedError
from domain.periods import UnknownZoneError
from domain.routing_policy import RoutingPolicyError
from domain.supplier_report import InvalidReportError
from projections.errors import ProjectionLagError


class InvalidFieldError(InvalidRequestError):
    """A field of a management request is at fault; the body itself could be read."""


class InternalError(GatewayError):
    """A bug of ours, which the caller is told nothing about."""

    def __init__(self) -> None:
        super().__init__("Something went wrong here.")


class NoEndpointError(RefusalError):
    """There is nothing at this path."""

    code = "not_found"

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no endpoint {path[:200]}.")


class MethodNotAllowedError(RefusalError):
    """What is at this path knows other methods; `allowed` names them."""

    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Method not allowed: use {allowed}.")
        self.allowed = allowed


STATUS: Final[dict[type[GatewayError], int]] = {
    errors.GatewayError: 500,
    InternalError: 500,
    errors.RefusalError: 400,
    errors.InvalidRequestError: 400,
    InvalidFieldError: 422,
    NoEndpointError: 404,
    MethodNotAllowedError: 405,
    InvalidReportError: 422,
    errors.UnsupportedParameterError: 400,
    errors.ContextLengthError: 400,
    errors.BodyTooLargeError: 413,
    errors.MissingApiKeyError: 401,
    errors.InvalidApiKeyError: 401,
    errors.ApiKeyDisabledError: 401,
    errors.ApiKeyExpiredError: 401,
    errors.PermissionDeniedError: 403,
    errors.ModelNotAllowedError: 403,
    errors.ModelNotFoundError: 404,
    errors.UnpricedCurrencyError: 422,
    errors.NotFoundError: 404,
    errors.WalletFrozenError: 403,
    errors.OutOfFundsError: 402,
    errors.InsufficientBalanceError: 402,
    errors.HoldsInFlightError: 402,
    errors.KeyQuotaExhaustedError: 402,
    errors.WalletInDebtError: 402,
    errors.IdempotencyInProgressError: 409,
    errors.IdempotencyKeyReusedError: 422,
    errors.ConflictError: 409,
    RateLimitedError: 429,
    errors.UpstreamFailureError: 502,
    errors.UpstreamError: 502,
    errors.UpstreamTimeoutError: 504,
    errors.UpstreamRateLimitedError: 429,
    errors.UpstreamRejectedError: 400,
    errors.BillingUnavailableError: 503,
    UnknownZoneError: 422,
    ProjectionLagError: 503,
    RoutingPolicyError: 403,
    PolicyChangedError: 503,
    TooSoonError: 429,
    ExceedsOwnKeyError: 403,
    SecretShownError: 409,
    SealPendingError: 503,
}


def status_of(error: GatewayError) -> int:
    """Find the status of an error; a narrower kind without its own takes its parent's."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
