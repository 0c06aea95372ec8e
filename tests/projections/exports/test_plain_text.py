"""The journal as text: what beancount and hledger would object to is never written."""

import io
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from projections.exports.journal.accounts import component
from projections.exports.journal.beancount import Beancount
from projections.exports.journal.entries import Balance, Entry, Posting, balanced
from projections.exports.journal.hledger import Hledger
from projections.exports.journal.plain_text import PlainText
from projections.exports.sidecar import Control
from tests.projections.exports.told import entries_of
from tests.projections.months import Months

DAY = date(2026, 11, 30)
WALLET = "0a" * 16
PAID = f"Liabilities:Wallet:Wal-{WALLET}:Paid"
REQUEST = {
    "key_id": "0b" * 16,
    "model": "gpt-4.1",
    "price_version": "pv_1",
    "tags": {"cost.center": "a/b"},
}
CHARGE = Entry(
    position=12,
    day=DAY,
    period="2026-11",
    what="charge",
    currency="USD",
    postings=(Posting(PAID, 1_500_000_001), Posting("Income:Usage:M", -1_500_000_001)),
    held=-2_000_000_000,
    wallet_id=WALLET,
    customer_id="0c" * 16,
    request=REQUEST,
    request_id="0d" * 16,
    reference='a "quote", a \\ and, commas',
)
CLOSING = Balance(DAY, "2026-11", PAID, -7, "USD")


def text_of(kind: type[PlainText], *items: Entry | Balance, title: str = "a title") -> str:
    out = io.BytesIO()
    writer = kind(out, Control(), title)
    writer.write(items)
    writer.finish()
    return out.getvalue().decode()


def test_beancount_has_links_metadata_and_every_place() -> None:
    assert text_of(Beancount, CHARGE, CLOSING).split("\n\n") == [
        'option "title" "a title"',
        f"""1970-01-01 commodity USD
1970-01-01 open {PAID}
1970-01-01 open Income:Usage:M
2026-11-30 * "cus_{"0c" * 16}" "charge" ^req_{"0d" * 16}
  position: 12
  period: "2026-11"
  customer_id: "cus_{"0c" * 16}"
  wallet_id: "wal_{WALLET}"
  request_id: "req_{"0d" * 16}"
  key_id: "key_{"0b" * 16}"
  model: "gpt-4.1"
  price_version: "pv_1"
  reference: "a \\"quote\\", a \\\\ and, commas"
  tag-cost-DOT-center: "a/b"
  {PAID}  1.500000001 USD
  Income:Usage:M  -1.500000001 USD""",
        f"2026-12-01 balance {PAID}  -0.000000007 ~ 0 USD",
        "",
    ]


def test_hledger_has_tags_virtual_holds_and_every_place() -> None:
    assert text_of(Hledger, CHARGE, CLOSING).split("\n\n") == [
        "; a title",
        "commodity 1000.000000000 USD",
        f"account {PAID}",
        "account Income:Usage:M",
        f"account Liabilities:Wallet:Wal-{WALLET}:Held",
        f"""2026-11-30 * (12) charge
    ; period: 2026-11
    ; customer_id: cus_{"0c" * 16}
    ; wallet_id: wal_{WALLET}
    ; request_id: req_{"0d" * 16}
    ; key_id: key_{"0b" * 16}
    ; model: gpt-4.1
    ; price_version: pv_1
    ; reference: a "quote"  a \\ and  commas
    ; tag-cost-DOT-center: a/b
    {PAID}  1.500000001 USD
    Income:Usage:M  -1.500000001 USD
    (Liabilities:Wallet:Wal-{WALLET}:Held)  -2.000000000 USD""",
        f"""2026-11-30 * balance of 2026-11
    {PAID}  0.000000000 USD = -0.000000007 USD""",
        "\n",
    ]


@pytest.mark.parametrize("kind", [Beancount, Hledger])
def test_no_tag_takes_anothers_place_or_the_journals_own(kind: type[PlainText]) -> None:
    names = ["a.b", "a-b", "a_b", "a-dot-b", "a..b", "a.-b", "period", "customer_id", "tag-period"]
    tags = {name: f"v{number}" for number, name in enumerate(names)}

    written = text_of(kind, Entry(**{**fields(CHARGE), "request": {**REQUEST, "tags": tags}}))

    keys = re.findall(r"^ +(?:; )?([a-z][A-Za-z0-9_-]*): ", written, re.MULTILINE)
    plain = re.findall(r"^ +(?:; )?([a-z][A-Za-z0-9_-]*): ", text_of(kind, CHARGE), re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(plain) - 1 + len(names)
    assert re.search(r" period: \"?2026-11", written)
    assert re.search(r" customer_id: \"?cus_0c", written)


@pytest.mark.parametrize("kind", [Beancount, Hledger])
def test_no_text_breaks_out_of_its_line(kind: type[PlainText]) -> None:
    evil = 'x"\n2026-01-01 open Assets:Evil\r\u2028; account Assets:Evil'

    written = text_of(kind, Entry(**{**fields(CHARGE), "reference": evil}), title=evil)

    assert not re.search(r"^(2026-01-01|account Assets)", written, re.MULTILINE)
    assert len(written.splitlines()) == len(text_of(kind, CHARGE).splitlines())


def fields(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def test_an_event_that_only_holds_is_left_out_of_beancount() -> None:
    hold = Entry(**{**fields(CHARGE), "postings": ()})

    assert "charge" not in text_of(Beancount, hold)
    assert text_of(Hledger, hold).count("Held") == 2


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([Beancount, Hledger]))
def test_every_transaction_is_balanced_and_every_account_known(
    seed: int, kind: type[PlainText]
) -> None:
    history = Months(seed)
    history.live(80)

    written = text_of(kind, *entries_of(history.ledger.facts))

    declared: set[str] = set()
    for block in written.split("\n\n"):
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in block.splitlines():
            if opened := re.fullmatch(r"(?:1970-01-01 open|account) (\S+)", line):
                declared.add(opened[1])
            if posting := re.fullmatch(r" +([(\w][\w:()-]+)  (-?[\d.]+) (\w+)( = .*)?", line):
                account = posting[1]
                assert account.strip("()") in declared
                sums[posting[3]] += 0 if account.startswith("(") else Decimal(posting[2])
        assert not any(sums.values()), block


@given(st.lists(st.text(max_size=12), min_size=2, max_size=2, unique=True))
def test_two_names_are_never_the_same_account(names: list[str]) -> None:
    first, second = map(component, names)

    assert first != second
    assert re.fullmatch(r"[A-Z0-9][A-Za-z0-9-]*", first)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("gpt-4o-mini", r"Gpt-4o-mini"), ("7b", "7b"), ("gpt-4.1", r"Gpt-4-1-X[0-9A-F]{12}"),
     ("GPT", r"GPT-X[0-9A-F]{12}"), ("模型", r"N-X[0-9A-F]{12}"), ("", r"N-X[0-9A-F]{12}")],
)  # fmt: skip
def test_an_accounts_part_tells_the_name(name: str, shown: str) -> None:
    assert re.fullmatch(shown, component(name))


def test_postings_of_one_account_are_one_and_nothing_is_left_out() -> None:
    assert balanced(("a", 5), ("b", -5), ("a", 2), ("c", 0), ("d", -2)) == (
        ("a", 7),
        ("b", -5),
        ("d", -2),
    )
    with pytest.raises(AssertionError, match="balanced"):
        balanced(("a", 5), ("b", -4))
