"""What a caller is told: errors in OpenAI's shape, and what an answer says about itself."""

import json
from collections.abc import Iterator

import pytest

from api.errors import STATUS, InternalError
from api.inference.errors import OPENAI_ERRORS, OpenAIErrors
from api.inference.metadata import billing_headers, with_metadata
from domain.errors import (
    BillingUnavailableError,
    ConflictError,
    GatewayError,
    HoldsInFlightError,
    IdempotencyInProgressError,
    InsufficientBalanceError,
    InvalidRequestError,
    UpstreamRateLimitedError,
)
from domain.settle_call import Settlement
from domain.usage import Usage

SHORT = {"required": 5 * 10**9, "available": 10**9, "reserved": 0, "currency": "USD"}


def told(error: GatewayError, **options: int) -> tuple[int, dict[bytes, bytes], dict[str, object]]:
    status, headers, body = OPENAI_ERRORS.render(error, "req_1", **options)
    return status, dict(headers), json.loads(body)["error"]


def test_an_error_has_openais_four_keys() -> None:
    status, _, error = told(InvalidRequestError("No.", "messages[0]"))

    assert status == 400
    assert error == {
        "message": "No.",
        "type": "invalid_request_error",
        "param": "messages[0]",
        "code": "invalid_value",
    }


def test_a_want_of_funds_says_what_can_be_afforded_in_decimal_strings() -> None:
    status, headers, error = told(
        InsufficientBalanceError(**SHORT, max_affordable_output_tokens=7)  # type: ignore[arg-type]
    )

    assert status == 402
    assert b"retry-after" not in headers
    assert error["code"] == "insufficient_balance"
    assert error["metadata"] == {
        "limit_source": "wallet",
        "required": "5.00",
        "available": "1.00",
        "reserved": "0.00",
        "currency": "USD",
        "max_affordable_output_tokens": "7",
        "request_id": "req_1",
    }


def test_holds_in_flight_are_worth_another_try() -> None:
    status, headers, error = told(HoldsInFlightError(**SHORT))  # type: ignore[arg-type]

    assert (status, error["code"]) == (402, "holds_in_flight")
    assert int(headers[b"retry-after"]) > 0


def test_by_setting_a_want_of_funds_is_429_that_no_sdk_retries() -> None:
    status, headers, error = told(InsufficientBalanceError(**SHORT), funds_status=429)  # type: ignore[arg-type]

    assert (status, error["code"]) == (429, "insufficient_quota")
    assert headers[b"x-should-retry"] == b"false"


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (BillingUnavailableError(), (b"retry-after", b"1")),
        (UpstreamRateLimitedError(9), (b"retry-after", b"9")),
        (ConflictError("no"), (b"x-should-retry", b"false")),
        (IdempotencyInProgressError("req_9"), (b"x-should-retry", b"false")),
    ],
)
def test_headers_steer_a_clients_retries(error: GatewayError, header: tuple[bytes, bytes]) -> None:
    _, headers, _ = told(error)

    assert headers.items() >= {header}


def test_joytokens_error_type_is_the_code() -> None:
    _, _, body = OpenAIErrors(type_is_code=True).render(ConflictError("no"), "req_1")

    assert json.loads(body)["error"]["type"] == "conflict"


def kinds(of: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_error_of_the_domain_has_a_status() -> None:
    ours = {kind for kind in kinds() if kind.__module__ == "domain.errors"}

    assert ours <= STATUS.keys()


def test_a_bug_of_ours_tells_nothing() -> None:
    status, _, error = told(InternalError())

    assert (status, error["code"], error["type"]) == (500, "internal_error", "server_error")


def test_a_charge_that_waits_in_the_spool_is_not_made_up() -> None:
    assert billing_headers(None) == []
    assert dict(billing_headers(Settlement(5, 10**9, "USD", Usage({})))) == {
        b"x-billing-charge": b"0.000000005",
        b"x-billing-balance": b"1.00",
        b"x-billing-currency": b"USD",
    }


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        (b'{"id":"x"}', {"id": "x", "metadata": {"model": "m"}}),
        (b'{"metadata":{"a":"b"}}', {"metadata": {"a": "b", "model": "m"}}),
        (b'{"metadata":null}', {"metadata": {"model": "m"}}),
    ],
)
def test_metadata_is_merged_into_the_answers_own(given: bytes, merged: object) -> None:
    assert json.loads(with_metadata(given, {"model": "m"})) == merged
