import httpx
import pytest

from tests.api.helpers import TOKEN, data, enveloped, office, refused

ROUTES = [
    ("GET", "/customers"),
    ("POST", "/customers"),
    ("GET", "/customers/cus_1"),
    ("POST", "/customers/cus_1/grants"),
    ("POST", "/customers/cus_1/grants/grt_1/void"),
    ("POST", "/customers/cus_1/api-keys"),
    ("POST", "/customers/cus_1/freeze"),
    ("POST", "/customers/cus_1/unfreeze"),
    ("POST", "/customers/cus_1/terms"),
    ("POST", "/api-keys/key_1/disable"),
    ("PATCH", "/api-keys/key_1"),
    ("POST", "/api-keys/key_1/rotate"),
    ("POST", "/requests/req_1/corrections"),
    ("GET", "/payments"),
    ("GET", "/payments/pay_1"),
    ("POST", "/payments/pay_1/apply"),
    ("GET", "/webhook-deliveries"),
    ("GET", "/margins"),
    ("GET", "/supplier-reports"),
    ("POST", "/supplier-reports"),
    ("GET", "/reconciliations"),
    ("POST", "/reconciliations/resolve"),
]


def test_without_a_token_configured_there_is_no_admin_api(database_url: str) -> None:
    with office(database_url, admin_token=None) as clerk:
        answers = [clerk.request(method, f"/admin/v1{path}") for method, path in ROUTES]
        answers.append(clerk.request("DELETE", "/admin/v1/customers"))
        answers.append(clerk.request("GET", "/admin"))

    assert {refused(answer) for answer in answers} == {(404, "not_found")}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "missing_api_key"),
        ("Bearer", "missing_api_key"),
        ("Bearer ", "missing_api_key"),
        (f"Basic {TOKEN}", "missing_api_key"),
        ("Bearer wrong", "invalid_api_key"),
        (f"Bearer {TOKEN}x", "invalid_api_key"),
        ("Bearer tökén".encode().decode("latin-1"), "invalid_api_key"),
    ],
)
def test_every_route_asks_for_the_token_before_it_reads_anything(
    database_url: str, header: str, code: str
) -> None:
    with office(database_url) as clerk:
        answers = [
            clerk.request(
                method,
                f"/admin/v1{path}",
                headers={"Authorization": header.encode("latin-1")},
                content=b"{",
            )
            for method, path in ROUTES
        ]

    assert {refused(answer) for answer in answers} == {(401, code)}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


def test_the_scheme_may_be_written_in_any_case(database_url: str) -> None:
    with office(database_url) as clerk:
        headers = {"Authorization": f"bearer {TOKEN}"}
        answer = clerk.request("POST", "/admin/v1/customers", json={"name": "A"}, headers=headers)

    data(answer, 201)


@pytest.mark.parametrize("path", ["/admin", "/admin/v1/nothing", "/openapi/v1/nothing"])
def test_a_path_that_is_not_there_is_told_in_the_envelope(database_url: str, path: str) -> None:
    with office(database_url) as clerk:
        assert refused(clerk.request("GET", path)) == (404, "not_found")


def test_a_method_that_is_not_there_is_told_in_the_envelope(database_url: str) -> None:
    with office(database_url) as clerk:
        answer = clerk.request("DELETE", "/admin/v1/api-keys/key_1/disable")

    assert refused(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/elsewhere", "/administration"])
def test_paths_elsewhere_are_none_of_its_business(database_url: str, path: str) -> None:
    with office(database_url) as clerk:
        answer = clerk.request("GET", path)

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("given", "told"), [("mine-1", True), ("two words", False), ("x" * 129, False)]
)
def test_a_callers_request_id_is_told_back_if_it_is_one(
    database_url: str, given: str, told: bool
) -> None:
    with office(database_url) as clerk:
        answer: httpx.Response = clerk.request(
            "GET", "/admin/v1/customers/x", headers={"X-Request-ID": given}
        )

    ours = enveloped(answer)["request_id"]
    assert answer.headers["x-request-id"] == (given if told else ours)
