"""Real calls with the generated clients; runs in their generator's environment, by itself."""

# ruff: noqa: T201  # it speaks by printing
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false

import os
from datetime import UTC, datetime

from tollbook_customer import AuthenticatedClient
from tollbook_customer.api.api_keys import (
    create_api_key,
    disable_api_key,
    get_api_key,
    list_api_keys,
    rotate_api_key,
)
from tollbook_customer.api.balance import check_balance, get_balance
from tollbook_customer.api.billing import (
    get_billing_detail,
    get_billing_detail_csv,
    get_billing_monthly_statement,
    list_billing_detail,
)
from tollbook_customer.api.inference import create_chat_completion, list_models_of_key
from tollbook_customer.models import (
    CheckFields,
    CreateChatCompletionBody,
    OwnKeyFields,
    Refusal,
    RotateFields,
)
from tollbook_operator import AuthenticatedClient as Operator
from tollbook_operator.api.customers import create_customer, list_customers
from tollbook_operator.models import NewCustomerFields

URL = os.environ["CLIENT_URL"]


def main() -> None:
    with AuthenticatedClient(URL, os.environ["CLIENT_KEY"]) as client:
        call(client)
        keep_keys(client)
        look_at_money(client)
        be_refused(client)
    with Operator(URL, os.environ["CLIENT_TOKEN"]) as operator:
        run_the_house(operator)


def call(client: AuthenticatedClient) -> None:
    models = list_models_of_key.sync(client=client)
    model = models.additional_properties["data"][0]["id"]
    body = CreateChatCompletionBody.from_dict(
        {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    )
    answer = create_chat_completion.sync_detailed(client=client, body=body)
    assert answer.status_code == 200, answer
    print("ok  a model was called")


def keep_keys(client: AuthenticatedClient) -> None:
    made = create_api_key.sync(client=client, body=OwnKeyFields(name="generated"))
    assert made.success
    key_id = made.data.api_key_id
    shown = get_api_key.sync(key_id, client=client)
    assert shown.data.name == "generated"
    assert "api_key" not in shown.data.to_dict()
    listed = list_api_keys.sync(client=client)
    assert key_id in [item.api_key_id for item in listed.data.items]
    rotated = rotate_api_key.sync(key_id, client=client, body=RotateFields())
    assert rotated.data.api_key != made.data.api_key
    assert disable_api_key.sync(key_id, client=client).success
    print("ok  a key was made, found, rotated and disabled")


def look_at_money(client: AuthenticatedClient) -> None:
    balance = get_balance.sync(client=client).data
    assert balance.currency == "USD"
    check = check_balance.sync(client=client, body=CheckFields(amount="1.00"))
    assert check.data.sufficient is True
    page = list_billing_detail.sync(client=client, limit=1).data
    one = get_billing_detail.sync(page.items[0].request_id, client=client).data
    assert one.explanation.recomputed == one.amount
    month = datetime.now(UTC).strftime("%Y-%m")
    statement = get_billing_monthly_statement.sync(client=client, month=month)
    assert statement.data.statement.additional_properties["closing"] == balance.posted
    table = get_billing_detail_csv.sync_detailed(client=client)
    assert table.content.startswith(b"request_id,")
    print("ok  the balance, the bill and the statement agree")


def be_refused(client: AuthenticatedClient) -> None:
    found = get_billing_detail.sync(f"req_{'0' * 32}", client=client)
    assert isinstance(found, Refusal)
    assert (found.success, found.code) == (False, "not_found")
    with AuthenticatedClient(URL, "tb_0000nobody") as stranger:
        refused = get_balance.sync(client=stranger)
        assert isinstance(refused, Refusal)
        assert refused.code == "invalid_api_key"
    print("ok  refusals have a type of their own")


def run_the_house(operator: Operator) -> None:
    made = create_customer.sync(client=operator, body=NewCustomerFields(name="Generated"))
    listed = list_customers.sync(client=operator, limit=5)
    assert made.data.customer_id in [item.customer_id for item in listed.data.items]
    print("ok  the operator's client registers and lists")


main()
