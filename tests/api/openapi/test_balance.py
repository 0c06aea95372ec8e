"""The customer's balance and transactions, on a real gateway; reads see one's own writes."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.gateway_process import GatewayProcess


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path_factory.mktemp("openapi")) as running:
        yield running


def call(gateway: GatewayProcess, key: str) -> httpx.Response:
    body = {"model": "sandbox-small", "messages": [{"role": "user", "content": "Hello"}]}
    answer = httpx.post(
        f"{gateway.url}/v1/chat/completions", json=body, headers={"X-API-Key": key}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return answer


def get(gateway: GatewayProcess, key: str, path: str, **query: Any) -> httpx.Response:
    return httpx.get(
        f"{gateway.url}/openapi/v1{path}", params=query, headers={"X-API-Key": key}, timeout=30
    )


def data(answer: httpx.Response) -> Any:
    body = answer.json()
    assert body["success"], body
    assert body["code"] is None
    return body["data"]


def test_the_balance_after_a_call_is_the_grant_less_the_charge(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")

    charge = Decimal(call(gateway, customer.api_key).headers["x-billing-charge"])
    balance = data(get(gateway, customer.api_key, "/balance"))

    assert Decimal(balance["available"]) == Decimal("2.00") - charge
    assert balance["available"] == balance["posted"]
    assert (balance["reserved"], balance["open_holds"]) == ("0.00", 0)
    assert balance["customer_id"] == customer.customer_id


def test_transactions_tell_the_whole_story_and_add_up(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")
    answer = call(gateway, customer.api_key)

    items = data(get(gateway, customer.api_key, "/balance-transactions"))["items"]
    balance = data(get(gateway, customer.api_key, "/balance"))

    assert [item["type"] for item in items][-1] == "recharge"
    assert {item["type"] for item in items} == {"recharge", "reservation", "charge", "release"}
    assert sum(Decimal(item["available"]) for item in items) == Decimal(balance["available"])
    assert sum(Decimal(item["posted"]) for item in items) == Decimal(balance["posted"])
    ours = answer.headers["x-gateway-request-id"]
    assert {item["request_id"] for item in items} == {None, ours}


def test_pages_lead_through_all_transactions_once(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")
    for _ in range(3):
        call(gateway, customer.api_key)
    everything = data(get(gateway, customer.api_key, "/balance-transactions", limit=100))["items"]

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = data(get(gateway, customer.api_key, "/balance-transactions", limit=2, **cursor))
        seen += [item["transaction_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == [item["transaction_id"] for item in everything]
    assert len(seen) == len(set(seen)) == 10


def test_one_transaction_is_found_by_its_id(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")
    (item,) = data(get(gateway, customer.api_key, "/balance-transactions"))["items"]

    one = data(get(gateway, customer.api_key, f"/balance-transactions/{item['transaction_id']}"))

    assert one == item


def test_filters_narrow_the_list(gateway: GatewayProcess) -> None:
    customer = gateway.customer("2.00")
    first, second = (call(gateway, customer.api_key) for _ in range(2))
    request_id = second.headers["x-gateway-request-id"]

    by_type = data(get(gateway, customer.api_key, "/balance-transactions", type="charge"))
    of_call = data(get(gateway, customer.api_key, "/balance-transactions", request_id=request_id))
    later = {"from": "2100-01-01T00:00:00Z"}
    none = data(get(gateway, customer.api_key, "/balance-transactions", **later))

    assert len(by_type["items"]) == 2
    assert {item["request_id"] for item in of_call["items"]} == {request_id}
    assert first.headers["x-gateway-request-id"] != request_id
    assert none["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "many"},
        {"limit": "9" * 400},
        {"cursor": "forged"},
        {"from": "yesterday"},
        {"to": "2026-11-20T00:00:00"},
        {"request_id": "req_5"},
        {"surprise": "1"},
    ],
)
def test_an_absurd_query_is_refused_in_the_envelope(
    gateway: GatewayProcess, query: dict[str, str]
) -> None:
    customer = gateway.customer("1.00")

    answer = get(gateway, customer.api_key, "/balance-transactions", **query)

    assert answer.status_code == 422, answer.text
    assert answer.json()["success"] is False


def test_another_customers_transaction_is_not_found(gateway: GatewayProcess) -> None:
    one, other = gateway.customer("1.00"), gateway.customer("1.00")
    (item,) = data(get(gateway, one.api_key, "/balance-transactions"))["items"]

    answer = get(gateway, other.api_key, f"/balance-transactions/{item['transaction_id']}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_key_without_the_permission_manage_is_refused(gateway: GatewayProcess) -> None:
    customer = gateway.customer("1.00", permissions=["inference"])

    answer = get(gateway, customer.api_key, "/balance")

    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"


def test_without_a_key_nothing_is_told(gateway: GatewayProcess) -> None:
    answer = httpx.get(f"{gateway.url}/openapi/v1/balance")

    assert answer.status_code == 401
    assert answer.json()["code"] == "missing_api_key"


def test_the_balance_and_its_entries_can_be_looked_at_as_of_any_position(
    gateway: GatewayProcess,
) -> None:
    customer = gateway.customer("2.00")
    before = data(get(gateway, customer.api_key, "/balance"))
    call(gateway, customer.api_key)
    after = data(get(gateway, customer.api_key, "/balance"))

    then = data(get(gateway, customer.api_key, "/balance", at=before["position"]))
    at_the_time = data(get(gateway, customer.api_key, "/balance", at=before["updated_at"]))
    entries = data(get(gateway, customer.api_key, "/balance-transactions", at=before["position"]))
    sheet = get(gateway, customer.api_key, "/balance-transactions.csv", at=before["position"])

    for found in (then, at_the_time):
        assert found.pop("position") >= before["position"]
        assert found == {name: value for name, value in before.items() if name != "position"}
    assert after["posted"] < before["posted"]
    assert [item["type"] for item in entries["items"]] == ["recharge"]
    assert len(sheet.text.splitlines()) == 2
