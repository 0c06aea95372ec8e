"""A customer's conversations: metadata only, and what the calls that joined each have cost."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.helpers import data, refused
from tests.api.openapi.till import SMALL, Account, Till, till
from tests.projections.history import database

ROOT = "/openapi/v1/conversations"
PROMPT = "a word that is never written down"


@pytest.fixture(scope="module")
def shop(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    with database(server_url) as url, till(url, str(tmp_path_factory.mktemp("till"))) as opened:
        yield opened


@pytest.fixture
def ada(shop: Till) -> Account:
    return shop.account()


def start(shop: Till, account: Account, **fields: Any) -> dict[str, Any]:
    return data(shop.request("POST", ROOT, account.secret, json=fields), 201)


def change(shop: Till, account: Account, conversation_id: str, **fields: Any) -> httpx.Response:
    return shop.request("PATCH", f"{ROOT}/{conversation_id}", account.secret, json=fields)


def archive(shop: Till, account: Account, conversation_id: str) -> httpx.Response:
    return shop.request("DELETE", f"{ROOT}/{conversation_id}", account.secret)


def seen(shop: Till, account: Account, conversation_id: str) -> dict[str, Any]:
    return data(shop.get(account, f"/conversations/{conversation_id}"))


def call(shop: Till, account: Account, joins: str | bytes | None, **body: Any) -> httpx.Response:
    headers = {} if joins is None else {"X-Conversation-ID": joins}
    asked = {"model": SMALL, "messages": [{"role": "user", "content": PROMPT}], **body}
    path = "/v1/chat/completions"
    return shop.request("POST", path, account.secret, json=asked, headers=headers)


def texts(shop: Till) -> list[str]:
    """Every erasable text there is."""

    async def read() -> list[str]:
        async with shop.gateway.pool.connection() as conn:
            found = await conn.execute("SELECT body FROM erasable_texts")
            return [body for (body,) in await found.fetchall()]

    return shop._runner.run(read())


def test_a_conversation_is_what_was_said_of_it(shop: Till, ada: Account) -> None:
    metadata = {"team": "søk", "empty": ""}

    started = start(shop, ada, title="Trip to Oslo", model="auto", metadata=metadata)

    assert started["conversation_id"].startswith("conv_")
    told = ("status", "title", "model", "metadata", "last_used_at")
    assert [started[name] for name in told] == ["active", "Trip to Oslo", "auto", metadata, None]
    assert started["created_at"] == started["updated_at"]
    assert started["usage"] == {
        "calls": 0, "charged": 0, "released": 0, "units": {}, "currency": "USD",
        "amount": "0.00", "corrected": "0.00", "total": "0.00",
    }  # fmt: skip
    assert seen(shop, ada, started["conversation_id"]) == started


def test_nothing_has_to_be_said_of_it(shop: Till, ada: Account) -> None:
    answer = shop.request("POST", ROOT, ada.secret)

    assert [data(answer, 201)[name] for name in ("title", "model", "metadata")] == [None, None, {}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "t" * 201),
        ("title", "two\nlines"),
        ("model", "unknown"),
        ("metadata", {str(n): "" for n in range(17)}),
        ("metadata", {"k" * 65: ""}),
        ("metadata", {"": ""}),
        ("metadata", {"k": "v" * 513}),
        ("metadata", {"k": 1}),
        ("surprise", "x"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    shop: Till, ada: Account, field: str, value: Any
) -> None:
    answer = shop.request("POST", ROOT, ada.secret, json={field: value})

    assert refused(answer) == (422, "invalid_value")
    assert field in answer.json()["message"]
    assert data(shop.get(ada, "/conversations"))["items"] == []


def test_what_is_given_changes_and_the_rest_stays(shop: Till, ada: Account) -> None:
    started = start(shop, ada, title="one", model=SMALL, metadata={"a": "1"})
    known = started["conversation_id"]

    retitled = data(change(shop, ada, known, title="two"))
    cleared = data(change(shop, ada, known, model=None, metadata={"b": "2"}))

    assert retitled == {**started, "title": "two", "updated_at": retitled["updated_at"]}
    assert retitled["updated_at"] > started["updated_at"]
    assert [cleared[n] for n in ("title", "model", "metadata")] == ["two", None, {"b": "2"}]
    assert data(change(shop, ada, known, title=None, metadata=None))["metadata"] == {}
    assert refused(change(shop, ada, known)) == (422, "invalid_value")


def test_texts_are_erasable_and_what_is_replaced_is_gone(shop: Till, ada: Account) -> None:
    known = start(shop, ada, title="old title", metadata={"old": "pair"})["conversation_id"]

    change(shop, ada, known, title="new title", metadata={"new": "pair"})

    kept = texts(shop)
    assert "new title" in kept
    assert '{"new":"pair"}' in kept
    assert not [text for text in kept if "old" in text]
    log = shop.log()
    assert "title" not in log.replace("title_id", "").replace("title_hash", "")
    assert "pair" not in log


def test_a_refused_change_leaves_the_old_texts_and_none_of_the_new(
    shop: Till, ada: Account
) -> None:
    known = start(shop, ada, title="it stays")["conversation_id"]
    data(archive(shop, ada, known))

    answer = change(shop, ada, known, title="it never was")

    assert refused(answer) == (409, "conversation_archived")
    assert seen(shop, ada, known)["title"] == "it stays"
    assert "it never was" not in texts(shop)


def test_what_an_archived_one_is_called_can_be_erased(shop: Till, ada: Account) -> None:
    known = start(shop, ada, title="a late regret", metadata={"patient": "x99"})["conversation_id"]
    data(archive(shop, ada, known))

    left = data(change(shop, ada, known, title=None, metadata=None))

    assert (left["status"], left["title"], left["metadata"]) == ("archived", None, {})
    assert not [text for text in texts(shop) if "late regret" in text or "x99" in text]
    assert refused(change(shop, ada, known, title="again")) == (409, "conversation_archived")


def test_archiving_twice_is_archiving_once(shop: Till, ada: Account) -> None:
    known = start(shop, ada)["conversation_id"]

    first, second = archive(shop, ada, known), archive(shop, ada, known)

    assert data(first) == data(second)
    assert data(first)["status"] == "archived"


def test_anothers_is_as_if_it_did_not_exist(shop: Till, ada: Account) -> None:
    theirs = start(shop, shop.account())["conversation_id"]

    for known in (theirs, f"conv_{UUID(int=1).hex}", "conv_1"):
        path = f"/conversations/{known}"
        for answer in (
            shop.get(ada, path),
            change(shop, ada, known, title="mine"),
            archive(shop, ada, known),
        ):
            assert refused(answer) == (404, "not_found")
    assert "mine" not in texts(shop)


def test_lists_are_the_newest_first_filtered_and_in_pages(shop: Till, ada: Account) -> None:
    models = [SMALL, None, SMALL]
    first, second, third = [start(shop, ada, model=m)["conversation_id"] for m in models]
    archive(shop, ada, second)

    def listed(**query: Any) -> list[str]:
        items = data(shop.get(ada, "/conversations", **query))["items"]
        return [item["conversation_id"] for item in items]

    assert listed() == [third, second, first]
    assert listed(status="active") == [third, first]
    assert listed(status="archived") == [second]
    assert listed(model=SMALL) == [third, first]
    page = data(shop.get(ada, "/conversations", limit=2))
    assert listed(limit=2, cursor=page["next_cursor"]) == [first]
    foreign = shop.get(ada, "/conversations", status="active", cursor=page["next_cursor"])
    assert refused(foreign) == (422, "invalid_value")
    assert refused(shop.get(ada, "/conversations", status="gone")) == (422, "invalid_value")


def test_calls_join_it_and_it_says_what_they_cost(shop: Till, ada: Account) -> None:
    known = start(shop, ada)["conversation_id"]

    answer = call(shop, ada, known)
    call(shop, ada, None)

    assert answer.status_code == 200, answer.text
    assert answer.headers["x-conversation-id"] == known
    (detail,) = data(shop.get(ada, "/billing/detail", conversation_id=known))["items"]
    assert detail["request_id"] == answer.headers["x-gateway-request-id"]
    found = seen(shop, ada, known)
    usage = found["usage"]
    assert (usage["calls"], usage["charged"], usage["units"]) == (1, 1, detail["usage"])
    assert usage["amount"] == usage["total"] == detail["amount"] != "0.00"
    assert found["last_used_at"] == detail["created_at"].replace("+00:00", "Z")

    shop.correct(detail["request_id"], 1)
    usage = seen(shop, ada, known)["usage"]
    assert (usage["corrected"], usage["amount"]) == ("0.000000001", detail["amount"])
    assert usage["total"] < detail["amount"]


def test_a_streamed_answer_says_what_it_joined(shop: Till, ada: Account) -> None:
    known = start(shop, ada)["conversation_id"]

    answer = call(shop, ada, known, stream=True)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-conversation-id"] == known
    assert seen(shop, ada, known)["usage"]["charged"] == 1


def test_a_call_that_joins_none_says_nothing_of_it(shop: Till, ada: Account) -> None:
    answer = call(shop, ada, None)

    assert "x-conversation-id" not in answer.headers
    (detail,) = data(shop.get(ada, "/billing/detail"))["items"]
    assert detail["conversation_id"] is None


@pytest.mark.parametrize("given", ["", "conv_1", "key_" + "0" * 32, "conv_" + "0" * 33, b"\xff"])
def test_what_is_no_id_of_a_conversation_is_a_fault_of_the_request(
    shop: Till, ada: Account, given: str | bytes
) -> None:
    answer = call(shop, ada, given)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "X-Conversation-ID")


def test_no_call_joins_anothers_an_unknown_or_an_archived_one(shop: Till, ada: Account) -> None:
    bob = shop.account()
    theirs = start(shop, bob)["conversation_id"]
    archived = start(shop, ada)["conversation_id"]
    archive(shop, ada, archived)
    elsewhere = f"conv_{UUID(int=1).hex}"
    wallet = f"conv_{ada.who.wallet_id.hex}"
    unknown = f"conv_{shop.gateway.mint().hex}"

    answers = {known: call(shop, ada, known) for known in (theirs, unknown, elsewhere, wallet)}

    told = [(a.status_code, a.json()["error"]["code"]) for a in answers.values()]
    assert told == [(404, "not_found")] * 4
    assert len({a.json()["error"]["message"] for a in answers.values()}) == 1
    refusal = call(shop, ada, archived)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (409, "conversation_archived")
    assert data(shop.get(ada, "/billing/detail"))["items"] == []
    assert seen(shop, bob, theirs)["usage"]["calls"] == 0


def test_nothing_of_a_prompt_is_kept(shop: Till, ada: Account) -> None:
    call(shop, ada, start(shop, ada)["conversation_id"])

    assert PROMPT not in shop.log()
    assert PROMPT not in "\n".join(texts(shop))
