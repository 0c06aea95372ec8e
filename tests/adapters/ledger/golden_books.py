"""What the books add to the golden story: payments, alerts, months, re-rating and suppliers."""

from datetime import timedelta

from domain import manage
from domain.alerts import Recharge, Webhook, check_quota_alerts
from domain.change_conversation import (
    archive_conversation,
    change_conversation,
    start_conversation,
)
from domain.change_limits import change_customer_limits, change_key_limits
from domain.change_webhook import WebhookChange, change_webhook, rotate_secret, try_webhook
from domain.close_month import Document, change_time_zone, close_month, issue_statement
from domain.conversation import Label
from domain.correction_batch import Concerned, complete_batch, open_batch, rerate_call
from domain.limits import Limits
from domain.price_page import plain_page
from domain.quota import MONTH, Quota
from domain.supplier_books import NewResolution, import_report, resolve_difference
from domain.supplier_report import COST, USAGE, Draft, Line
from tests.domain.payments import PaidShop

DAYS = ("2026-11-20", "2026-11-21")
ACTOR = "operator"


def tell_books(shop: PaidShop) -> None:
    """Go on with a new customer, to whom all of it happens."""
    shop.join(quota=Quota(1_000, MONTH), tags={"cost_center": "sales"})
    _money(shop)
    _suppliers(shop)
    _months(shop)
    _limits(shop)
    _conversations(shop)
    _webhook(shop)


def _money(shop: PaidShop) -> None:
    shop.pay(100)
    shop.pay(70, known=False, reference="pi_2")
    shop.apply(reference="pi_2")
    shop.refund(30, "re_1")
    shop.question("disputed")
    shop.watch(
        thresholds=[60],
        quota_percents=[1],
        changes_recharge=True,
        recharge=Recharge(60, 500),
        changes_webhook=True,
        webhook=Webhook(shop.mint(), "hash"),
    )
    shop.spend(60)
    shop.look()
    shop.do(check_quota_alerts(shop.who.wallet_id, shop.who.key_id))
    shop.grant(5_000)
    shop.look()


def _suppliers(shop: PaidShop) -> None:
    line = Line(DAYS[0], "m-1", "p", "", {"input": 5}, 1, 7)
    for name in ("a", "b"):
        draft = Draft("p", "csv", name * 64, (USAGE, COST), DAYS, (line,), "USD", read_count=1)
        shop.do(import_report(0, draft, actor=ACTOR))
    shop.do(
        resolve_difference(
            0,
            NewResolution(
                resolution_id=shop.mint(),
                provider="p",
                day=DAYS[0],
                model="m-1",
                credential="p",
                state="AMOUNT_MISMATCH",
                reason="accepted",
                note_hash="hash",
                ours={"amount": 5},
                theirs={"amount": 7},
                actor=ACTOR,
            ),
        )
    )


def _limits(shop: PaidShop) -> None:
    limits = Limits(requests_per_minute=60, tokens_per_minute=90_000, parallel_calls=4)
    shop.do(change_key_limits(shop.who.key_id, limits, actor=ACTOR))
    shop.do(change_customer_limits(shop.who.customer_id, limits, actor=ACTOR))


def _conversations(shop: PaidShop) -> None:
    customer_id, conversation_id = shop.who.customer_id, shop.mint()
    label = Label(shop.mint().hex, "hash", shop.mint().hex, "hash", "m")
    shop.do(start_conversation(customer_id, conversation_id, label, actor=ACTOR))
    shop.do(change_conversation(customer_id, conversation_id, {"model": None}, actor=ACTOR))
    shop.grant(100)
    shop.charge(shop.reserve(conversation_id=conversation_id), {"input": 1})
    shop.do(archive_conversation(customer_id, conversation_id, actor=ACTOR))


def _webhook(shop: PaidShop) -> None:
    customer_id = shop.who.customer_id
    change = WebhookChange(
        changes_address=True, webhook=Webhook(shop.mint(), "hash"), types=["balance.alert"]
    )
    shop.do(change_webhook(customer_id, change, actor=ACTOR))
    shop.do(rotate_secret(customer_id, actor=ACTOR))
    shop.do(try_webhook(customer_id, actor=ACTOR))


def _months(shop: PaidShop) -> None:
    wallet_id = shop.who.wallet_id
    shop.do(change_time_zone(wallet_id, zone="Asia/Tokyo", actor=ACTOR))
    charged = shop.reserve(tags={"team": "a"})
    shop.charge(charged, {"input": 10, "output": 20})
    shop.tick(days=12)
    grace = timedelta(hours=12)
    number = shop.do(close_month(wallet_id, "2026-11", grace=grace, actor=ACTOR))
    document = Document(number or 0, len(shop.ledger.facts), 7, "ab" * 32)
    shop.do(issue_statement(wallet_id, "2026-11", document))
    cards = {"m": {"input": 1_000_000, "output": 1_000_000}}
    version = shop.do(manage.draft_prices(0, plain_page(cards), actor=ACTOR))
    batch_id, who = shop.mint(), shop.who
    opened = {"selector": {"model": "m"}, "upto": 9, "count": 1, "amount": 1, "reason_hash": "hash"}
    shop.do(open_batch(batch_id, price_version=version, actor=ACTOR, **opened))
    call = Concerned(charged.request_id, who.wallet_id, who.key_id)
    amount = shop.do(rerate_call(call, batch_id, shop.mint()))
    assert amount, "the golden story re-rates a call"
    shop.do(complete_batch(batch_id, count=1, amount=amount))
