"""Statements: they add up, they chain, and once issued they never change."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest

from domain import wallet_events as facts
from domain.inference_request import CHARGED, InferenceRequest
from projections.statement.document import SECTIONS
from projections.statement.table import COLUMNS
from tests.projections.drawing import Drawn, draw_all
from tests.projections.history import database, follow
from tests.projections.months import Months

KINDS = ("grant", "charge", "correction", "expiry", "void")


@pytest.fixture(scope="module", params=[1, 2, 3])
def drawn(request: pytest.FixtureRequest, server_url: str) -> Iterator[tuple[Months, list[Drawn]]]:
    """A history over some months, and every statement of it."""
    with database(server_url) as url:
        told = Months(request.param)
        told.live(1_500)
        told.close_all()
        told.store(url)
        follow(url)
        yield told, draw_all(url)


def test_the_text_is_canonical_json(drawn: tuple[Months, list[Drawn]]) -> None:
    for statement in drawn[1]:
        fields = json.loads(statement.text)
        again = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

        assert again.encode() == statement.text
        assert hashlib.sha256(statement.text).hexdigest() == statement.sha256
        assert fields["status"] == "issued"
        assert fields["number"] == f"ST-{statement.row.number:08d}"


def test_opening_and_lines_come_to_the_closing_balance(
    drawn: tuple[Months, list[Drawn]],
) -> None:
    for _, fields in each(drawn):
        moved = sum(amount(line) for name in SECTIONS for line in fields[name])

        assert Decimal(fields["opening"]) + moved == Decimal(fields["closing"])
        assert moved == Decimal(fields["control"]["amount"])
        for name in SECTIONS:
            control = fields["control"][name]
            assert control["lines"] == len(fields[name])
            assert Decimal(control["amount"]) == sum(map(amount, fields[name]))


def test_the_roll_forward_adds_up_by_category_and_in_all(
    drawn: tuple[Months, list[Drawn]],
) -> None:
    for _, fields in each(drawn):
        figures = {"opening": Decimal(0), "closing": Decimal(0)}
        for rolled in fields["roll_forward"]:
            moves = {k: Decimal(v) for k, v in rolled.items() if k != "category"}
            assert moves.pop("closing") == sum(moves.values())
            figures["opening"] += Decimal(rolled["opening"])
            figures["closing"] += Decimal(rolled["closing"])
        assert figures["opening"] == Decimal(fields["opening"])
        assert figures["closing"] == Decimal(fields["closing"])


def test_months_chain_from_opening_to_closing(drawn: tuple[Months, list[Drawn]]) -> None:
    last: dict[str, dict[str, Any]] = {}
    for _, fields in sorted(each(drawn), key=lambda pair: str(pair[1]["month"])):
        before = last.get(fields["wallet_id"])
        if before is not None:
            assert fields["opening"] == before["closing"]
            assert fields["from"] == before["until"]
            for now, then in zip(fields["roll_forward"], before["roll_forward"], strict=True):
                assert now["opening"] == then["closing"]
        else:
            assert fields["opening"] == "0.00"
        last[fields["wallet_id"]] = fields
    assert len(last) == 3


def test_charges_are_those_of_the_calls(drawn: tuple[Months, list[Drawn]]) -> None:
    history, _ = drawn
    months = {(fields["wallet_id"], fields["month"]) for _, fields in each(drawn)}
    calls, charged, tokens = Counter[Any](), Counter[Any](), Counter[Any]()
    for call in history.aggregates(InferenceRequest):
        where = (f"wal_{call.wallet_id}", call.period)
        if call.state == CHARGED and where in months:
            key = (*where, call.model, f"key_{call.key_id}")
            calls[key] += 1
            charged[key] -= call.charged
            tokens.update({(*key, name): n for name, n in call.usage.items()})

    found_calls, found, found_tokens = Counter[Any](), Counter[Any](), Counter[Any]()
    for _, fields in each(drawn):
        for line in fields["charges"]:
            key = (fields["wallet_id"], fields["month"], line["model"], line["api_key_id"])
            found_calls[key] += line["calls"]
            found[key] += int(amount(line).scaleb(9))
            used = {**line["tokens"], **line["tool_requests"]}
            found_tokens.update({(*key, name): n for name, n in used.items()})
        assert fields["control"]["calls"] == sum(line["calls"] for line in fields["charges"])

    assert found_calls == calls
    assert found == charged
    assert found_tokens == +tokens


def test_late_items_are_the_calls_held_in_an_earlier_month(
    drawn: tuple[Months, list[Drawn]],
) -> None:
    history, _ = drawn
    months = {(fields["wallet_id"], fields["month"]) for _, fields in each(drawn)}
    held = {UUID(fact.request_id): fact.period for fact in history.facts(facts.Reserved)}
    expected = {
        f"req_{call.id.hex}": (call.period, held[call.id], Decimal(-call.charged).scaleb(-9))
        for call in history.aggregates(InferenceRequest)
        if call.state == CHARGED
        and held[call.id] < call.period
        and (f"wal_{call.wallet_id}", call.period) in months
    }

    found = {
        line["request_id"]: (fields["month"], line["held_in"], amount(line))
        for _, fields in each(drawn)
        for line in fields["late"]
    }

    assert found == expected


def test_charges_of_different_cost_centres_are_apart(
    drawn: tuple[Months, list[Drawn]],
) -> None:
    tags = Counter(
        line["tags"].get("cost_center") for _, fields in each(drawn) for line in fields["charges"]
    )

    assert set(tags) == {None, "blue", "red"}


def test_table_and_text_agree(drawn: tuple[Months, list[Drawn]]) -> None:
    for statement, fields in each(drawn):
        lines = statement.table

        assert tuple(lines[0]) == COLUMNS
        assert [line["line"] for line in lines] == [str(n) for n in range(1, len(lines) + 1)]
        for name, kind in zip(SECTIONS, KINDS, strict=True):
            ours = [line for line in lines if line["type"] == kind]
            assert [line["amount"] for line in ours] == [line["amount"] for line in fields[name]]
        assert {line["month"] for line in lines} == {fields["month"]}
        assert {line["statement"] for line in lines} == {fields["number"]}


def test_the_tables_balance_runs_from_opening_to_closing(
    drawn: tuple[Months, list[Drawn]],
) -> None:
    for statement, fields in each(drawn):
        opening, *lines = statement.table
        balance = Decimal(opening["balance"])
        assert (opening["type"], opening["balance"]) == ("opening", fields["opening"])
        for line in lines:
            if line["type"] == "closing":
                assert line["balance"] == fields["closing"]
            elif line["amount"]:
                balance += Decimal(line["amount"])
                assert Decimal(line["balance"]) == balance
        assert balance == Decimal(fields["closing"])


def test_the_page_is_well_formed_and_runs_nothing(drawn: tuple[Months, list[Drawn]]) -> None:
    for statement, fields in each(drawn):
        seen = Page()
        seen.feed(statement.page)

        assert seen.open == []
        assert not seen.tags & {"script", "iframe", "object", "link", "img"}
        assert "Ada &lt;Lovelace&gt;" in statement.page
        assert "Tollbook &amp; Co" in statement.page
        assert statement.sha256 in statement.page
        assert fields["number"] in statement.page
        lines = sum(len(fields[name]) for name in SECTIONS) + len(fields["late"])
        assert seen.rows == lines + 9  # the roll-forward's


def each(drawn: tuple[Months, list[Drawn]]) -> Iterator[tuple[Drawn, dict[str, Any]]]:
    """Give every statement with its fields; there must be some."""
    assert len(drawn[1]) > 5
    for statement in drawn[1]:
        yield statement, statement.fields


def amount(line: dict[str, Any]) -> Decimal:
    return Decimal(line["amount"])


class Page(HTMLParser):
    """What is on a page: every element that has an end must find it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self.rows += tag == "tr" and "thead" not in self.open
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
