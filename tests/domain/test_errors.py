from collections.abc import Iterator

import pytest

from domain import errors

ABSTRACT = {
    errors.GatewayError,
    errors.RefusalError,
    errors.OutOfFundsError,
    errors.UpstreamFailureError,
}
CODES = {
    "ApiKeyDisabledError": "api_key_disabled",
    "ApiKeyExpiredError": "api_key_expired",
    "BillingUnavailableError": "billing_unavailable",
    "BodyTooLargeError": "request_too_large",
    "ConflictError": "conflict",
    "ContextLengthError": "context_length_exceeded",
    "HoldsInFlightError": "holds_in_flight",
    "IdempotencyInProgressError": "idempotency_conflict",
    "IdempotencyKeyReusedError": "idempotency_key_reused",
    "InsufficientBalanceError": "insufficient_balance",
    "InvalidApiKeyError": "invalid_api_key",
    "InvalidRequestError": "invalid_value",
    "KeyQuotaExhaustedError": "key_quota_exhausted",
    "MissingApiKeyError": "missing_api_key",
    "ModelNotAllowedError": "model_not_allowed",
    "ModelNotFoundError": "model_not_found",
    "NotFoundError": "not_found",
    "PermissionDeniedError": "permission_denied",
    "UnpricedCurrencyError": "unpriced_currency",
    "UnsupportedParameterError": "unsupported_parameter",
    "UpstreamError": "upstream_error",
    "UpstreamRateLimitedError": "upstream_rate_limited",
    "UpstreamRejectedError": "upstream_rejected",
    "UpstreamTimeoutError": "upstream_timeout",
    "WalletFrozenError": "wallet_frozen",
    "WalletInDebtError": "wallet_in_debt",
}


def kinds_of(kind: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds_of(narrower)


def test_every_error_has_the_code_that_was_promised() -> None:
    ours = {kind for kind in kinds_of(errors.GatewayError) if kind.__module__ == "domain.errors"}

    assert {kind.__name__: kind.code for kind in ours - ABSTRACT} == CODES


def test_no_two_errors_share_a_code() -> None:
    assert len(set(CODES.values())) == len(CODES)
    assert errors.GatewayError.code == "internal_error"
    assert "internal_error" not in CODES.values()


FUNDS = {"required": 3_000_000_000, "available": 2_000_000_000, "reserved": 500_000_000}
NEEDS = "The call needs 3.00 USD at most, 2.00 is available and 0.50 is held"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.InvalidRequestError("n is wrong.", "n"), "n is wrong."),
        (errors.UnsupportedParameterError("seed"), "'seed' is not supported here."),
        (errors.UnsupportedParameterError("n", "must be 1"), "'n' must be 1."),
        (
            errors.ContextLengthError(tokens=9, limit=8),
            "The prompt is at least 9 tokens; the model's context is 8.",
        ),
        (errors.BodyTooLargeError(7), "The request body is larger than 7 bytes."),
        (
            errors.MissingApiKeyError(),
            "Missing API key: send 'Authorization: Bearer <key>' or 'X-API-Key'.",
        ),
        (errors.InvalidApiKeyError(), "The API key is not valid."),
        (errors.ApiKeyDisabledError(), "The API key is disabled."),
        (errors.ApiKeyExpiredError(), "The API key has expired."),
        (errors.PermissionDeniedError("manage"), "The API key lacks the permission 'manage'."),
        (errors.ModelNotAllowedError("m"), "The API key may not call the model 'm'."),
        (errors.ModelNotFoundError("m" * 999), f"The model '{'m' * 200}' does not exist."),
        (errors.UnpricedCurrencyError("EUR"), "No model has a price in EUR."),
        (errors.NotFoundError("request"), "No such request."),
        (errors.WalletFrozenError(), "The wallet is frozen; ask the operator."),
        (
            errors.IdempotencyInProgressError("req_1"),
            "This Idempotency-Key was already used by the request req_1.",
        ),
        (
            errors.IdempotencyKeyReusedError(),
            "This Idempotency-Key was already used with another body.",
        ),
        (errors.ConflictError("It is closed."), "It is closed."),
        (errors.UpstreamError(), "The model's provider failed."),
        (errors.UpstreamTimeoutError(), "The model's provider did not answer in time."),
        (
            errors.UpstreamRateLimitedError(),
            "Every provider of the model is saturated; try again later.",
        ),
        (
            errors.UpstreamRejectedError(400, "bad image", "messages"),
            "The model's provider rejected the request (400: bad image).",
        ),
        (
            errors.UpstreamRejectedError(413, None, None),
            "The model's provider rejected the request (413).",
        ),
        (
            errors.BillingUnavailableError(),
            "The ledger cannot be reached; nothing was charged.",
        ),
        (
            errors.InsufficientBalanceError(**FUNDS, currency="USD"),
            f"Insufficient balance. {NEEDS}; you can afford 0 output tokens.",
        ),
        (
            errors.KeyQuotaExhaustedError(**FUNDS, currency="USD", max_affordable_output_tokens=12),
            f"The API key's quota is exhausted. {NEEDS}; you can afford 12 output tokens.",
        ),
    ],
)
def test_an_error_says_one_thing_a_caller_can_act_on(
    error: errors.GatewayError, message: str
) -> None:
    assert str(error) == message


@pytest.mark.parametrize(
    ("error", "param"),
    [
        (errors.InvalidRequestError("n is wrong.", "n"), "n"),
        (errors.InvalidRequestError("it is wrong."), None),
        (errors.UnsupportedParameterError("seed"), "seed"),
        (errors.ContextLengthError(tokens=9, limit=8), "messages"),
        (errors.ModelNotAllowedError("m"), "model"),
        (errors.ModelNotFoundError("m"), "model"),
        (errors.UnpricedCurrencyError("EUR"), "currency"),
        (errors.UpstreamRejectedError(400, None, "messages"), "messages"),
    ],
)
def test_an_error_names_the_field_at_fault(error: object, param: str | None) -> None:
    assert vars(error)["param"] == param


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.WalletFrozenError(), None),
        (errors.HoldsInFlightError(**FUNDS, currency="USD"), 2),
        (errors.BillingUnavailableError(), 1),
        (errors.UpstreamRateLimitedError(), 1),
        (errors.UpstreamRateLimitedError(30), 30),
    ],
)
def test_only_what_may_pass_by_waiting_says_how_long(
    error: errors.GatewayError, seconds: int | None
) -> None:
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (errors.InsufficientBalanceError, "wallet"),
        (errors.WalletInDebtError, "wallet"),
        (errors.HoldsInFlightError, "in_flight_holds"),
        (errors.KeyQuotaExhaustedError, "api_key_quota"),
    ],
)
def test_an_error_about_funds_says_whose_limit_and_the_figures(
    kind: type[errors.OutOfFundsError], source: str
) -> None:
    error = kind(**FUNDS, currency="USD", max_affordable_output_tokens=7)

    assert error.limit_source == source
    assert (error.required, error.available, error.reserved) == tuple(FUNDS.values())
    assert (error.currency, error.max_affordable_output_tokens) == ("USD", 7)
