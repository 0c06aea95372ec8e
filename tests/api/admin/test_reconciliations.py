"""Reconciliation: matched anew each time, resolved by an event, open again if figures move."""

from typing import Any

from adapters.ledger.text_sweep import sweep_texts
from domain import ids
from tests.adapters.ledger.database import seen
from tests.api.admin.supplied import (
    DAY,
    NEXT,
    Sales,
    attempt,
    openai_costs,
    send,
    story,
    supplied,
    table,
)
from tests.api.helpers import Office, data, refused

SPAN = {"provider": "p", "from": DAY, "to": "2026-11-22"}
AGREEING = table(
    f"{DAY},up,1000000000,500000000,1.00,USD", f"{NEXT},up,300000000,0,0.10,USD"
)  # fmt: skip


def reconciled(clerk: Office, **query: str) -> Any:
    return data(clerk.get("/reconciliations", params={**SPAN, **query}))


def states(found: Any) -> dict[str, str]:
    return {f"{item['day']} {item['model']}": item["state"] for item in found["items"]}


def resolve(clerk: Office, query: dict[str, str] | None = None, **fields: object) -> Any:
    body = {"provider": "p", "day": DAY, "model": "up", "reason": "accepted", **fields}
    return clerk.post("/reconciliations/resolve", body, params=query or {})


def test_before_any_report_every_call_is_expected(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        found = reconciled(clerk)

    assert states(found) == {f"{DAY} up": "EXPECTED", f"{NEXT} up": "EXPECTED"}
    assert found["settled"] is False
    assert found["summary"]["states"] == {"EXPECTED": 2}
    first = found["items"][0]
    assert (first["difference"], first["unit"], first["residuals"]) == (None, None, [])
    assert first["ours"] == {
        "cost": "1.00",
        "tokens": {
            "input": 1_000_000_000, "cached_input": 0, "cache_write": 0, "output": 500_000_000,
        },
        "attempts": {"ok": 1, "status_500": 1},
        "unpriced_attempts": 0,
    }  # fmt: skip


def test_a_report_that_agrees_settles_its_days(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, AGREEING), 201)
        found = reconciled(clerk)
        shown = reconciled(clerk, open="true")

    assert states(found) == {f"{DAY} up": "MATCHED", f"{NEXT} up": "MATCHED"}
    assert found["settled"] is True
    assert found["summary"] == {
        "states": {"MATCHED": 2}, "our_cost": "1.10", "their_amount": "1.10", "difference": "0.00",
        "residuals": {},
    }  # fmt: skip
    assert found["credentials"] == [
        {"side": "theirs", "name": "", "matched_as": "p", "rule": "only_one"}
    ]
    assert (shown["items"], shown["summary"]["states"]) == ([], {"MATCHED": 2})


def test_a_difference_is_told_with_what_may_explain_it(database_url: str) -> None:
    sales = story()
    with supplied(database_url, sales) as clerk:
        data(send(clerk, openai_costs("1.80"), provider="p"), 201)
        found = reconciled(clerk, **{"from": DAY, "to": NEXT})

    (item,) = found["items"]
    assert (item["state"], item["unit"], item["difference"]) == (
        "AMOUNT_MISMATCH",
        "amount",
        "0.80",
    )
    assert item["theirs"]["parts"] == {"input": "1.80"}
    assert item["disagrees"] == ["amount"]
    assert [part["reason"] for part in item["residuals"]] == ["cancelled_streams"]
    assert item["residuals"][0]["evidence"] == {"attempts": 0, "unknown_calls": 1}
    assert sales.lost is not None
    lost = ids.public(ids.REQUEST, sales.lost.request_id)
    assert item["candidates"] == [lost]
    assert [call["request_id"] for call in found["unknown_calls"]] == [lost]
    assert found["models"] == [
        {"side": "theirs", "name": "up-2026-01-31", "matched_as": "up", "rule": "snapshot"}
    ]
    assert found["summary"]["residuals"] == {"cancelled_streams": "0.80"}


def test_a_call_that_can_only_have_gone_elsewhere_is_no_candidate(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        found = reconciled(clerk, provider="q")

    assert found["unknown_calls"] == []
    assert states(found) == {f"{DAY} up-q": "EXPECTED"}


def test_an_unpriced_route_is_told(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, table(f"{DAY},up-q,600000000,0,0.90,USD"), provider="q"), 201)
        (item,) = reconciled(clerk, provider="q")["items"]

    assert (item["state"], item["difference"]) == ("PARTIALLY_MATCHED", "0.90")
    assert [part["reason"] for part in item["residuals"]] == ["unpriced_model"]


def test_a_newer_report_speaks_for_its_days_alone(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, AGREEING), 201)
        newer = data(send(clerk, openai_costs("5")), 201)
        found = reconciled(clerk)

    first, second = found["items"]
    assert newer["supersedes"][0]["days"] == [DAY]
    assert (first["theirs"]["amount"], second["theirs"]["amount"]) == ("5.00", "0.10")
    # The older report's tokens of that day stand: the newer one tells only money.
    assert first["theirs"]["tokens"]["input"] == 1_000_000_000
    assert (first["state"], second["state"]) == ("AMOUNT_MISMATCH", "MATCHED")


def test_of_a_line_only_what_is_not_superseded_speaks(database_url: str) -> None:
    newer = table(f"{DAY},up,7,8", columns="day,model,input_tokens,output_tokens")
    with supplied(database_url, story()) as clerk:
        data(send(clerk, AGREEING), 201)
        data(send(clerk, newer), 201)
        first, second = reconciled(clerk)["items"]

    assert (first["theirs"]["tokens"]["input"], first["theirs"]["amount"]) == (7, "1.00")
    assert len(first["theirs"]["lines"]) == 2
    assert (second["theirs"]["tokens"]["input"], second["theirs"]["amount"]) == (
        300_000_000,
        "0.10",
    )


def test_names_and_tolerances_can_be_given(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, table(f"{DAY},theirs,1000000000,500000000,1.05,USD")), 201)
        strict = reconciled(clerk, models="theirs=up")
        loose = reconciled(clerk, models="theirs=up", tolerance="0.05", tolerance_basis_points="0")
        relative = reconciled(
            clerk, models="theirs=up", tolerance="0", tolerance_basis_points="500"
        )
        moved = reconciled(clerk, models="theirs=up", credentials="y=z")

    assert states(strict)[f"{DAY} up"] == "AMOUNT_MISMATCH"
    assert states(loose)[f"{DAY} up"] == states(relative)[f"{DAY} up"] == "MATCHED"
    assert strict["models"][0]["rule"] == "given"
    assert states(moved) == states(strict)


def test_a_resolution_is_an_event_and_settles_these_figures(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, openai_costs("1.80")), 201)
        made = data(resolve(clerk, note="seen on the invoice", reason="supplier_error"), 201)
        first, second = reconciled(clerk)["items"]
        again = resolve(clerk)
        data(send(clerk, openai_costs("1.90")), 201)
        moved = reconciled(clerk)["items"][0]
        data(resolve(clerk), 201)
        settled = reconciled(clerk)["items"][0]

    assert made["resolution_id"].startswith("rsl_")
    assert (first["state"], first["found"]) == ("MANUALLY_RESOLVED", "AMOUNT_MISMATCH")
    assert second["state"] == "EXPECTED"
    assert first["resolution"]["resolution_id"] == made["resolution_id"]
    assert first["resolution"]["reason"] == "supplier_error"
    assert (first["resolution"]["actor"], first["resolution"]["outdated"]) == ("operator", False)
    assert refused(again) == (409, "conflict")
    assert (moved["state"], moved["resolution"]["outdated"]) == ("AMOUNT_MISMATCH", True)
    assert settled["state"] == "MANUALLY_RESOLVED"


def test_a_note_can_be_erased_and_the_log_holds_its_hash(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, openai_costs("1.80")), 201)
        data(resolve(clerk, note="seen on the invoice"), 201)
        assert clerk.run(sweep_texts(clerk.desk.pool, 0)) == 0

    kept = seen(database_url, "SELECT body FROM erasable_texts WHERE kind = 'resolution_note'")
    state = seen(
        database_url,
        "SELECT convert_from(state, 'UTF8') FROM ledger_events WHERE topic = 'supplier.resolved.1'",
    )
    assert kept == "seen on the invoice"
    assert "invoice" not in state
    assert '"note_hash":"' in state


def test_what_cannot_be_resolved_is_refused_and_nothing_is_kept(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, AGREEING), 201)

        assert refused(resolve(clerk, note="why")) == (409, "conflict")
        assert refused(resolve(clerk, model="none")) == (404, "not_found")
        assert refused(resolve(clerk, credential="none")) == (404, "not_found")
        for wrong in (
            {"day": "20261120"}, {"day": "9999-12-31"}, {"provider": "nobody"}, {"reason": "mood"},
            {"note": "\0"}, {"model": 7}, {"extra": 1},
        ):  # fmt: skip
            assert refused(resolve(clerk, **wrong))[0] == 422, wrong
        assert refused(resolve(clerk, {"from": DAY})) == (422, "invalid_value")

    assert seen(database_url, "SELECT count(*) FROM erasable_texts WHERE kind LIKE 'resol%'") == 0


def test_a_resolution_that_is_refused_keeps_no_note(database_url: str) -> None:
    with supplied(database_url, story()) as clerk:
        data(send(clerk, openai_costs("1.80")), 201)
        data(resolve(clerk), 201)

        assert refused(resolve(clerk, note="late")) == (409, "conflict")

    assert seen(database_url, "SELECT count(*) FROM erasable_texts WHERE kind LIKE 'resol%'") == 0


ABSURD: list[dict[str, str]] = [
    {"tolerance": "-1"},
    {"tolerance": "1e3"},
    {"tolerance": "much"},
    {"tolerance_basis_points": "-1"},
    {"tolerance_basis_points": "10001"},
    {"tolerance_basis_points": "9" * 30},
    {"tolerance_basis_points": "٣"},
    {"models": "a"},
    {"models": "=b"},
    {"models": "a="},
    {"models": "a=b,a=c"},
    {"credentials": ","},
    {"open": "yes"},
    {"provider": "nobody"},
    {"to": DAY},
    {"limit": "5"},
]


def test_an_absurd_question_is_refused(database_url: str) -> None:
    sales = Sales()
    sales.sell((attempt("p", cost=5),), input=9)
    with supplied(database_url, sales) as clerk:
        for query in ABSURD:
            answer = clerk.get("/reconciliations", params={**SPAN, **query})
            assert refused(answer) == (422, "invalid_value"), query
        days = {"from": DAY, "to": NEXT}
        assert refused(clerk.get("/reconciliations", params=days)) == (422, "invalid_value")
        assert reconciled(clerk, tolerance_basis_points="0")["settled"] is False


def test_a_provider_that_left_the_catalogue_is_still_known(database_url: str) -> None:
    sales = Sales()
    sales.sell((attempt("gone", cost=5),), input=9)
    with supplied(database_url, sales) as clerk:
        assert states(reconciled(clerk, provider="gone")) == {f"{DAY} up": "EXPECTED"}
