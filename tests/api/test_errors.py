from collections.abc import Iterator

import pytest

from adapters.ledger.group_commit import OutcomeUnknownError
from api.errors import STATUS, InvalidFieldError, status_of
from api.inference.error_table import told
from domain import errors
from domain.errors import GatewayError
from projections.errors import ProjectionLagError


def kinds_of(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds_of(narrower)


def test_every_error_of_the_domain_has_a_status_of_its_own() -> None:
    ours = {kind for kind in kinds_of(GatewayError) if kind.__module__ == "domain.errors"}

    assert ours - STATUS.keys() == set()


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (errors.InvalidRequestError("no"), 400, "invalid_request_error"),
        (InvalidFieldError("no", "amount"), 422, "invalid_request_error"),
        (errors.BodyTooLargeError(1), 413, "invalid_request_error"),
        (errors.InvalidApiKeyError(), 401, "invalid_request_error"),
        (errors.ModelNotAllowedError("m"), 403, "permission_error"),
        (errors.WalletFrozenError(), 403, "permission_error"),
        (errors.ModelNotFoundError("m"), 404, "invalid_request_error"),
        (errors.IdempotencyInProgressError("req_1"), 409, "invalid_request_error"),
        (errors.IdempotencyKeyReusedError(), 422, "invalid_request_error"),
        (errors.UnpricedCurrencyError("EUR"), 422, "invalid_request_error"),
        (errors.UpstreamRateLimitedError(), 429, "rate_limit_error"),
        (errors.UpstreamRejectedError(413, None, None), 400, "invalid_request_error"),
        (errors.UpstreamError(), 502, "server_error"),
        (errors.UpstreamTimeoutError(), 504, "server_error"),
        (errors.BillingUnavailableError(), 503, "server_error"),
        (ProjectionLagError(behind=1), 503, "server_error"),
        (GatewayError(), 500, "server_error"),
    ],
)
def test_an_error_is_told_in_http(error: GatewayError, status: int, kind: str) -> None:
    assert (status_of(error), told(error).openai) == (status, kind)


def test_money_is_always_402() -> None:
    kinds = set(kinds_of(errors.OutOfFundsError))

    assert {STATUS[kind] for kind in kinds} == {402}


def test_an_error_without_a_status_takes_its_parents() -> None:
    assert OutcomeUnknownError not in STATUS
    assert status_of(OutcomeUnknownError()) == 503
