"""Whatever is sent to the admin API: never our fault, always the envelope, no event if refused."""

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings, strategies as st

from domain.ids import PAYMENT, public
from domain.payment import Payment
from domain.take_payment import MoneyReceived, take_payment
from tests.adapters.ledger.database import seen
from tests.api.helpers import SHARD, TOKEN, Office, enveloped, office, projecting

EXAMPLES = 200

names = st.sampled_from(
    [
        "name", "currency", "amount", "category", "expires_at", "priority", "reference", "reason",
        "allowed_model_ids", "allowed_providers", "quota", "window", "permissions",
        "overdraft_limit", "excess_policy", "customer_id",
    ]
)  # fmt: skip
likely = st.sampled_from(
    [
        "1", "-1", "0.5", "1e3", "USD", "EUR", "paid", "promotional", "absorbed", "debt", "none",
        "day", "month", "inference", "manage", "sandbox", "sandbox-small", "2999-01-01T00:00:00Z",
        "9223372036.854775807", "9223372036.854775808", "r", "", "\x00", "=1+1",
    ]
)  # fmt: skip
scalars = (
    likely
    | st.text(max_size=20)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=["Cs", "Cc"]), max_size=3)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(), inner),
    max_leaves=8,
)
VALID: list[dict[str, object]] = [
    {"name": "Ada", "currency": "USD"},
    {"amount": "0.5", "category": "paid", "priority": 1, "expires_at": "2999-01-01T00:00:00Z"},
    {"name": "k", "quota": {"amount": "1", "window": "day"}, "permissions": ["manage"]},
    {"overdraft_limit": "1", "excess_policy": "debt"},
    {"amount": "0.5", "reason": "r"},
    {"reason": "r"},
    {"reason": "r", "amount": "0.5"},
    {"customer_id": "cus_1"},
    {},
]
changes = st.dictionaries(names | st.text(max_size=5), likely | values, max_size=1)
nearly_valid = st.builds(lambda body, change: body | change, st.sampled_from(VALID), changes)
bodies = (nearly_valid | values).map(lambda body: json.dumps(body).encode()) | st.binary(
    max_size=50
)
ids = st.sampled_from(["known", "unknown", "x"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="/"), max_size=40
)
routes = st.sampled_from(
    [
        "/customers",
        "/customers/{customer}",
        "/customers/{customer}/grants",
        "/customers/{customer}/grants/{grant}/void",
        "/customers/{customer}/api-keys",
        "/customers/{customer}/freeze",
        "/customers/{customer}/unfreeze",
        "/customers/{customer}/terms",
        "/api-keys/{key}/disable",
        "/payments/{payment}/apply",
        "/requests/{customer}/corrections",
        "/requests/{grant}/corrections",
    ]
)
keys = st.none() | st.text(max_size=5) | st.just("same")
methods = st.sampled_from(["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE"])


def known_ids(clerk: Office) -> dict[str, str]:
    customer = clerk.new_customer()
    grant = clerk.post(f"/customers/{customer}/grants", {"amount": "5"}).json()["data"]
    key = clerk.post(f"/customers/{customer}/api-keys", {"name": "k"}).json()["data"]
    money = MoneyReceived("pi_1", 5_000_000_000, "USD", None)
    payment_id = Payment.id_of(SHARD, "stripe", money.reference)
    clerk.do(take_payment(payment_id, "stripe", money, None))
    return {
        "customer": customer,
        "grant": grant["grant_id"],
        "key": key["api_key_id"],
        "payment": public(PAYMENT, payment_id),
    }


def path_of(route: str, known: dict[str, str], given_id: str) -> str:
    """Fill a route's places with ids that are there, or with the one given."""
    spelt = {
        name: real if given_id == "known" else real[:-1] + "1" if given_id == "unknown" else ""
        for name, real in known.items()
    }
    return route.format_map({name: value or quoted(given_id) for name, value in spelt.items()})


def test_nothing_that_is_sent_is_ever_our_fault(database_url: str) -> None:
    with projecting(database_url), office(database_url) as clerk:
        known = known_ids(clerk)
        met: set[tuple[str, int]] = set()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )
        @example("GET", "/customers/{customer}", "known", b"", None)
        @given(methods, routes, ids, bodies, keys)
        def send(method: str, route: str, given_id: str, body: bytes, key: str | None) -> None:
            before = events_in(database_url)
            headers: dict[str, Any] = {} if key is None else {"Idempotency-Key": key.encode()}
            path = "/admin/v1" + path_of(route, known, given_id)

            answer = clerk.request(method, path, content=body, headers=headers)

            assert answer.status_code < 500, answer.text
            met.add((route, answer.status_code))
            if not enveloped(answer)["success"]:
                assert answer.status_code >= 400
                assert events_in(database_url) == before

        send()

    # Otherwise it has only been refused at the door.
    assert {status for _, status in met} >= {200, 201, 400, 404, 405, 422}


def test_headers_that_make_no_sense_are_refused_politely(database_url: str) -> None:
    with office(database_url) as clerk:

        @settings(max_examples=50, deadline=None)
        @given(st.binary(max_size=40))
        def send(raw: bytes) -> None:
            value = raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
            headers = {"Authorization": b"Bearer " + value, "X-Request-ID": value}
            answer = clerk.request("GET", "/admin/v1/customers/x", headers=headers)

            enveloped(answer)
            assert answer.status_code == (404 if value.strip() == TOKEN.encode() else 401)

        send()


def events_in(url: str) -> int:
    found: int = seen(url, "SELECT coalesce(max(position), 0) FROM ledger_events")
    return found


def quoted(text: str) -> str:
    """Write any text as a path's segment."""
    return "".join(f"%{byte:02X}" for byte in text.encode()) if text else "%20"
