"""Keys: within their quota and scope, and shut when disabled (I16)."""

from dataclasses import dataclass, field
from datetime import datetime

from domain import api_key_events as key, inference_request as request
from domain.customer import RoutingChanged, SecurityChanged
from domain.money import Nanos
from domain.quota import NONE, is_within, window_of
from projections.audit.findings import Findings, Judge, judge
from projections.events import Event, Fields


@dataclass(slots=True)
class KeyAccount:
    """A key's scope, and what it has spent and holds by window."""

    customer_id: str
    wallet_id: str
    models: list[str] = field(default_factory=list[str])
    providers: list[str] = field(default_factory=list[str])
    quota: Nanos | None = None
    window: str = NONE
    disabled: bool = False
    spent: dict[str, Nanos] = field(default_factory=dict[str, Nanos])
    holds: dict[str, Fields] = field(default_factory=dict[str, Fields])


class KeyAudit:
    """Follows every key."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._keys: dict[str, KeyAccount] = {}
        self._policies: dict[str, Fields] = {}
        self._secure: dict[str, list[str]] = {}
        """By customer, to which models its security policy lets prompts go, if not to all."""
        self._scopes: dict[str, list[str]] = {}
        """By open call, where its key may go, if not everywhere."""

    def take(self, event: Event) -> None:
        """Judge one event, if it concerns a key, and follow it."""
        fact, check = event.fields, judge(self._findings, event)
        if event.topic == key.Created.TOPIC:
            created = KeyAccount(fact["customer_id"], fact["wallet_id"])
            self._keys[event.originator_id] = created
            _take_terms(created, fact)
        elif event.topic == request.Reserved.TOPIC:
            self._check_scope(fact, check)
            self._check_policy(fact, check)
            self._check_security(fact, check)
            self._remember(event)
        elif event.topic in _ANSWERS:
            self._check_provider(event, check)
        elif event.topic == RoutingChanged.TOPIC:
            self._policies[event.originator_id] = fact
        elif event.topic == SecurityChanged.TOPIC:
            self._secure[event.originator_id] = fact["models"]
        elif event.topic.startswith(_OURS):
            account = self._keys.get(event.originator_id)
            check(account is not None, "keys", "the key was never created")
            if account is not None:
                _follow(account, event.topic, fact, check)

    def _check_scope(self, fact: Fields, check: Judge) -> None:
        account = self._keys.get(fact["key_id"])
        check(account is not None, "keys", "the key was never created")
        if account is None:
            return
        owner = (account.customer_id, account.wallet_id)
        same = owner == (fact["customer_id"], fact["wallet_id"])
        check(same, "keys", "the key is another customer's")
        for model in (fact["model"], *fact["alternatives"]):
            allowed = not account.models or model in account.models
            check(allowed, "keys", f"the key may not call {model}")

    def _check_policy(self, fact: Fields, check: Judge) -> None:
        """Judge the models by the customer's policy; the log does not tell where routes lead."""
        policy = self._policies.get(fact["customer_id"])
        if policy is None:
            return
        for model in (fact["model"], *fact["alternatives"]):
            allowed = not policy["models"] or model in policy["models"]
            check(allowed, "routing", f"the customer's policy does not allow {model}")
        alone = policy["fallback"] or not fact["alternatives"]
        check(alone, "routing", "the customer's policy allows no second model")

    def _check_security(self, fact: Fields, check: Judge) -> None:
        models = self._secure.get(fact["customer_id"], [])
        for model in (fact["model"], *fact["alternatives"]) if models else ():
            allowed = model in models
            check(allowed, "security", f"the customer's security policy does not allow {model}")

    def _remember(self, event: Event) -> None:
        account = self._keys.get(event.fields["key_id"])
        if account is not None and account.providers:
            self._scopes[event.originator_id] = account.providers

    def _check_provider(self, event: Event, check: Judge) -> None:
        scope = self._scopes.get(event.originator_id)
        provider = event.fields.get("provider")
        if scope is not None and provider is not None:
            check(provider in scope, "keys", f"the key may not go to {provider}")
        if event.topic != request.Attempted.TOPIC:
            self._scopes.pop(event.originator_id, None)


def _follow(account: KeyAccount, topic: str, fact: Fields, check: Judge) -> None:
    if topic == key.Disabled.TOPIC:
        account.disabled = True
    elif topic == key.Changed.TOPIC:
        check(not account.disabled, "keys", "the key is disabled")
        _take_terms(account, fact)
    elif topic == key.Corrected.TOPIC:
        _spend(account, fact["window"], -fact["amount"])
    elif topic == key.Reserved.TOPIC:
        _reserve(account, fact, check)
    elif topic == key.QuotaAlertRaised.TOPIC:
        told = (_sum_within(account.spent, fact["window"]), account.quota, account.wallet_id)
        true = (fact["spent"], fact["quota"], fact["wallet_id"]) == told
        check(true, "quota", f"{told[0]} of {told[1]} was spent")
    elif topic == key.Rotated.TOPIC:
        check(not account.disabled, "keys", "the key is disabled")
    elif topic not in _WITHOUT_MONEY:
        account.holds.pop(fact["request_id"], None)
        _spend(account, fact["window"], fact.get("amount", 0))


def _take_terms(account: KeyAccount, fact: Fields) -> None:
    account.models, account.providers = fact["allowed_models"], fact["allowed_providers"]
    account.quota, account.window = fact["quota_amount"], fact["quota_window"]


def _reserve(account: KeyAccount, fact: Fields, check: Judge) -> None:
    check(not account.disabled, "keys", "the key is disabled")
    now = datetime.fromisoformat(fact["timestamp"])
    window = window_of(now, account.window)
    check(fact["window"] == window, "keys", f"the hold belongs to the window {window}")
    if account.quota is not None and fact["amount"]:
        used = _sum_within(account.spent, window) + _held(account, window, now)
        fits = used + fact["amount"] <= account.quota
        check(fits, "quota", f"{used} of {account.quota} was used before the hold")
    if fact["amount"]:
        account.holds[fact["request_id"]] = fact


def _held(account: KeyAccount, window: str, now: datetime) -> Nanos:
    """Sum up the holds that are within their time: what has run out counts no more."""
    return sum(
        hold["amount"]
        for hold in account.holds.values()
        if is_within(hold["window"], window) and datetime.fromisoformat(hold["expires_at"]) > now
    )


def _sum_within(counted: dict[str, Nanos], window: str) -> Nanos:
    return sum(amount for name, amount in counted.items() if is_within(name, window))


def _spend(account: KeyAccount, window: str, amount: Nanos) -> None:
    account.spent[window] = account.spent.get(window, 0) + amount


_OURS = "api_key."
_WITHOUT_MONEY = {key.LimitsChanged.TOPIC, key.Renamed.TOPIC}
_ANSWERS = {request.Attempted.TOPIC, request.Charged.TOPIC, request.Released.TOPIC}
