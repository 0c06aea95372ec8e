"""How the outside is told of an error: one table from what went wrong to an HTTP status."""

from typing import Final

from api.closing import SealPendingError
from domain import errors
from domain.errors import GatewayError, InvalidRequestError
from domain.periods import UnknownZoneError
from domain.supplier_report import InvalidReportError
from projections.errors import ProjectionLagError


class InvalidFieldError(InvalidRequestError):
    """A field of a management request is at fault; the body itself could be read."""


STATUS: Final[dict[type[GatewayError], int]] = {
    errors.GatewayError: 500,
    errors.RefusalError: 400,
    errors.InvalidRequestError: 400,
    InvalidFieldError: 422,
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
    errors.UpstreamFailureError: 502,
    errors.UpstreamError: 502,
    errors.UpstreamTimeoutError: 504,
    errors.UpstreamRateLimitedError: 429,
    errors.UpstreamRejectedError: 400,
    errors.BillingUnavailableError: 503,
    UnknownZoneError: 422,
    ProjectionLagError: 503,
    SealPendingError: 503,
}

OPENAI_TYPE: Final[dict[int, str]] = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "invalid_request_error",
    409: "invalid_request_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    504: "server_error",
}
"""The `type` of OpenAI's error envelope, by the status of the table above."""


def status_of(error: GatewayError) -> int:
    """Find the status of an error; a narrower kind without its own takes its parent's."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def openai_type_of(error: GatewayError) -> str:
    """Find the `type` that OpenAI's SDKs expect, whatever status a surface answers with."""
    return OPENAI_TYPE[status_of(error)]
