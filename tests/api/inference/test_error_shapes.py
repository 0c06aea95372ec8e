"""Every error in every surface's shape, and every error in the table."""

import json
from collections.abc import Iterator

import pytest

import api.children  # noqa: F401  # every module of the product, and so every error there is
from api.errors import STATUS, MethodNotAllowedError, NoEndpointError, status_of
from api.inference import chat, responses
from api.inference.anthropic_errors import ANTHROPIC_ERRORS
from api.inference.dashscope_errors import DASHSCOPE_ERRORS
from api.inference.error_table import TABLE, told
from api.inference.surface import Answer, ErrorShape
from api.inference.wrong_paths import no_endpoint, not_allowed, surface_at, went_wrong
from api.settings import Settings
from domain import errors
from domain.errors import GatewayError
from domain.routing_policy import RoutingPolicyError

INVALID = "InvalidParameter"
SHORT = errors.InsufficientBalanceError(
    required=5 * 10**9, available=10**9, reserved=0, currency="USD", max_affordable_output_tokens=7
)


def kinds_of(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds_of(narrower)


def test_every_error_there_is_stands_in_the_table() -> None:
    ours = {kind for kind in kinds_of(GatewayError) if not kind.__module__.startswith("test")}

    assert {kind.__name__ for kind in ours - TABLE.keys()} == set()


def test_no_error_is_a_success_anywhere() -> None:
    statuses = {*STATUS.values()}
    for row in TABLE.values():
        statuses |= {row.anthropic[0], row.dashscope[0]}

    assert min(statuses) >= 400


@pytest.mark.parametrize(
    ("error", "openai", "anthropic", "dashscope"),
    [
        (errors.InvalidRequestError("no"), 400, (400, "invalid_request_error"), INVALID),
        (errors.BodyTooLargeError(1), 413, (413, "request_too_large"), "RequestTooLarge"),
        (errors.InvalidApiKeyError(), 401, (401, "authentication_error"), "InvalidApiKey"),
        (errors.ModelNotAllowedError("m"), 403, (403, "permission_error"), "AccessDenied"),
        (errors.ModelNotFoundError("m"), 404, (404, "not_found_error"), "Model.NotExist"),
        (SHORT, 402, (402, "billing_error"), "Arrearage"),
        (errors.IdempotencyInProgressError("r"), 409, (409, "conflict_error"), "Conflict"),
        (errors.IdempotencyKeyReusedError(), 422, (422, "invalid_request_error"), INVALID),
        (RoutingPolicyError("m"), 403, (403, "permission_error"), "AccessDenied"),
        (errors.UpstreamRateLimitedError(9), 429, (429, "rate_limit_error"), "Throttling"),
        (errors.UpstreamError(), 502, (500, "api_error"), "InternalError"),
        (errors.UpstreamTimeoutError(), 504, (504, "timeout_error"), "GatewayTimeout"),
        (errors.BillingUnavailableError(), 503, (503, "api_error"), "ServiceUnavailable"),
        (GatewayError(), 500, (500, "api_error"), "InternalError"),
    ],
)
def test_an_error_is_told_as_each_surfaces_sdks_expect(
    error: GatewayError, openai: int, anthropic: tuple[int, str], dashscope: str
) -> None:
    row = told(error)

    assert (status_of(error), row.anthropic, row.dashscope[1]) == (openai, anthropic, dashscope)


def test_want_of_money_is_400_at_dashscope_whatever_the_operator_chose() -> None:
    for chosen in (402, 429):
        status, _, body = DASHSCOPE_ERRORS.render(SHORT, "req_1", funds_status=chosen)

        assert (status, json.loads(body)["code"]) == (400, "Arrearage")


def test_anthropics_shape_has_our_code_and_figures_among_the_details() -> None:
    status, headers, body = ANTHROPIC_ERRORS.render(SHORT, "req_1", funds_status=402)

    fields = json.loads(body)
    assert (status, headers) == (402, [(b"content-type", b"application/json")])
    assert (fields["type"], fields["request_id"]) == ("error", "req_1")
    assert fields["error"]["type"] == "billing_error"
    assert fields["error"]["message"] == str(SHORT)
    assert fields["error"]["details"] == {
        "error_code": "insufficient_balance",
        "limit_source": "wallet",
        "required": "5.00",
        "available": "1.00",
        "reserved": "0.00",
        "currency": "USD",
        "max_affordable_output_tokens": "7",
        "request_id": "req_1",
    }


def test_anthropics_shape_obeys_the_operator_who_wants_429_for_money() -> None:
    status, headers, body = ANTHROPIC_ERRORS.render(SHORT, "req_1", funds_status=429)

    assert status == 429
    assert dict(headers)[b"x-should-retry"] == b"false"
    assert json.loads(body)["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("shape", [ANTHROPIC_ERRORS, DASHSCOPE_ERRORS])
def test_a_saturated_upstream_says_when_to_come_back(shape: ErrorShape) -> None:
    status, headers, _ = shape.render(errors.UpstreamRateLimitedError(9), "req_1", funds_status=402)

    assert (status, dict(headers)[b"retry-after"]) == (429, b"9")


def test_a_field_at_fault_is_named_in_anthropics_shape() -> None:
    _, _, body = ANTHROPIC_ERRORS.render(
        errors.UnsupportedParameterError("top_k"), "req_1", funds_status=402
    )

    assert json.loads(body)["error"]["details"] == {
        "error_code": "unsupported_parameter",
        "param": "top_k",
    }


def test_an_error_in_a_stream_has_the_very_bytes_that_dashscopes_sdk_knows() -> None:
    told_so = DASHSCOPE_ERRORS.event(errors.UpstreamRateLimitedError(), "req_1")

    assert told_so == (
        b"event:error\nstatus:429\n:HTTP_STATUS/429\n"
        b'data:{"code":"Throttling","message":"Every provider of the model is saturated;'
        b' try again later.","request_id":"req_1"}\n\n'
    )


def test_an_error_in_a_stream_is_an_event_of_that_name_for_anthropics_sdk() -> None:
    told_so = ANTHROPIC_ERRORS.event(errors.UpstreamTimeoutError(), "req_1")

    head, _, data = told_so.partition(b"data: ")
    assert head == b"event: error\n"
    assert data.endswith(b"\n\n")
    assert json.loads(data)["error"]["type"] == "timeout_error"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/v1/messages/batches", ["error", "message"]),
        ("/v1/nothing", ["error", "message"]),
        ("/openai/v1/nothing", ["error", "message"]),
        ("/api/v1/services/aigc/nothing", ["message"]),
    ],
)
def test_a_wrong_path_is_404_in_the_shape_of_its_surface(path: str, keys: list[str]) -> None:
    status, _, body = no_endpoint(path, "req_1", None)

    message = json.loads(body)
    for key in keys:
        message = message[key]
    assert (status, message) == (404, str(NoEndpointError(path)))


def test_another_method_is_405_and_says_which_to_use() -> None:
    answers: list[Answer] = [
        not_allowed(path, "POST", "req_1", None)
        for path in ("/v1/messages", "/v1/chat/completions", "/api/v1/services/aigc/x")
    ]

    for status, headers, body in answers:
        assert (status, dict(headers)[b"allow"]) == (405, b"POST")
        assert str(MethodNotAllowedError("POST")) in body.decode()


def test_a_fault_of_ours_tells_nothing_in_any_shape() -> None:
    for path in ("/v1/messages", "/v1/models", "/api/v1/services/aigc/x"):
        status, _, body = went_wrong(path, "req_1", None)

        assert (status, b"Something went wrong here." in body) == (500, True)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/messages", {"x-request-id", "request-id"}),
        ("/v1/models", {"x-request-id"}),
        ("/openai/v1/models", {"x-request-id"}),
        ("/api/v1/services/aigc/x", {"x-request-id"}),
    ],
)
@pytest.mark.parametrize("theirs", [None, "mine-1"])
def test_whatever_is_told_at_a_wrong_path_has_the_ids_of_the_call(
    path: str, names: set[str], theirs: str | None
) -> None:
    for answer in (
        no_endpoint(path, "req_1", theirs),
        not_allowed(path, "POST", "req_1", theirs),
        went_wrong(path, "req_1", theirs),
    ):
        headers = {name.decode(): value.decode() for name, value in answer[1]}

        assert headers["x-gateway-request-id"] == "req_1"
        assert {headers[name] for name in names} == {theirs or "req_1"}


def test_joytokens_errors_have_their_code_as_their_type_wherever_they_are_told() -> None:
    _, _, body = no_endpoint("/openai/v1/nothing", "req_1", None)

    error = json.loads(body)["error"]
    assert error["type"] == error["code"] == "not_found"


def test_management_has_no_surfaces_shape() -> None:
    assert surface_at("/admin/v1/customers") is None
    assert surface_at("/openapi/v1/balance") is None


def test_want_of_money_is_429_where_402_is_tried_again_and_the_operator_may_differ() -> None:
    usual, other = (
        Settings.load({}),
        Settings.load(
            {
                "TOLLBOOK_INSUFFICIENT_BALANCE_STATUS": "429",
                "TOLLBOOK_RESPONSES_INSUFFICIENT_BALANCE_STATUS": "402",
            }
        ),
    )

    assert [chat.V1.funds_status(usual), responses.V1.funds_status(usual)] == [402, 429]
    assert [chat.V1.funds_status(other), responses.V1.funds_status(other)] == [429, 402]
