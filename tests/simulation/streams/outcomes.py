"""What a caller is told and what the ledger says, by how much of a stream has come."""

from tests.simulation.streams.caller import Shown
from tests.simulation.streams.lanes import Ending, Lane
from tests.simulation.streams.shop import GRANT
from tests.simulation.streams.surfaces import Event, events_in, tells_usage
from tests.simulation.streams.upstreams import ALL_SAID, ANSWER, COUNTED_ALL_ALONG

BOOKS = ("wallet", "api_key", "inference_request")


def check(lane: Lane, shown: Shown, events: int, ending: Ending, at: str) -> None:
    """Compare a call with what the contract says of so many events and such an ending."""
    settled_once(lane, shown, at)
    if ending.spares(lane.stream, events):
        is_whole(lane, shown, events, at)
    elif shown.status == 200:
        assert events > 0, f"{at}: nothing has come"
        is_broken(lane, shown, events, ending.code, at)
    else:
        assert events < lane.begins_at, f"{at}: output had begun"
        is_refused(lane, shown, ending.code, at)


def settled_once(lane: Lane, shown: Shown, at: str) -> None:
    """One charge or one release in all three books, no hold left, and the sum exact."""
    assert shown.settled == 1, at
    charges, releases = (
        [fact for book in BOOKS for fact in shown.named(f"{book}.{ended}")]
        for ended in ("charged", "released")
    )
    assert sorted([len(charges), len(releases)]) == [0, len(BOOKS)], at
    assert len({fact["amount"] for fact in charges}) <= 1, at
    paid = charges[0]["amount"] if charges else 0
    wallet = shown.wallet()
    assert (wallet.reserved, wallet.holds, wallet.available) == (0, {}, GRANT - paid), at
    assert len(shown.named("inference_request.attempted")) == shown.sent, at
    assert shown.leaked == 0, at
    for charge in shown.named("inference_request.charged"):
        assert charge["amount"] == lane.stream.charge_for(charge["usage"]), at
        assert (charge["absorbed"], charge["allocations"][0][1]) == (0, paid), at
        assert paid <= shown.named("inference_request.reserved")[0]["amount"], at


def is_whole(lane: Lane, shown: Shown, events: int, at: str) -> None:
    """The answer is complete; what its usage was is told, or estimated."""
    seen = events_in(shown.body)
    assert (shown.status, shown.sent) == (200, 1), at
    assert [lane.asked.ended(event) for event in seen] == [False] * (len(seen) - 1) + [True], at
    assert not any(map(lane.asked.ended, events_in(shown.early))), f"{at}: it ended unpaid"
    assert lane.asked.said(seen) == ANSWER.text, at
    assert_closed(shown, at)
    [charge] = shown.named("inference_request.charged")
    if events >= lane.stream.counted_at:
        assert [event.fields for event in seen] == [e.fields for e in events_in(lane.whole.body)]
        assert lane.asked.usages in {None, sum(map(tells_usage, seen))}, at
        told = (charge["basis"], charge["amount"], charge["flags"])
        assert told == ("reported", lane.stream.charge, []), at
    else:
        assert (charge["basis"], charge["flags"]) == ("estimated", ["usage_missing"]), at


def is_broken(lane: Lane, shown: Shown, events: int, code: str, at: str) -> None:
    """What had come was passed on; then the surface's own error, and not a word more."""
    *seen, last = events_in(shown.body)
    assert lane.asked.failed(last, code), at
    assert seen, f"{at}: it could still have gone elsewhere"
    assert not any(map(lane.asked.ended, seen)), at
    assert shown.sent == 1, at
    assert lane.asked.said(seen) == lane.stream.words_in(events), at
    assert counts_on([*seen, last]), at
    assert shown.unsettled == len(shown.messages) - 1, f"{at}: it was told before the charge"
    error = shown.messages[-1]["body"]
    assert error.count(b"\n\n") == 1, at
    assert lane.whole.body.startswith(shown.body.removesuffix(error)), at
    assert_closed(shown, at)
    said = events >= lane.stream.thinks_at
    if not said:
        [release] = shown.named("inference_request.released")
        assert release["reason"] == code, at
        return
    [charge] = shown.named("inference_request.charged")
    known = events >= lane.stream.counted_at or lane.stream.name in COUNTED_ALL_ALONG
    assert charge["basis"] == ("reported" if known else "partial"), at
    assert known or 0 < charge["usage"]["output"] <= ALL_SAID, at
    assert "truncated" in charge["flags"], at


def is_refused(lane: Lane, shown: Shown, code: str, at: str) -> None:
    """Both routes were tried, nothing is owed, and the error is a plain answer."""
    assert shown.status in {500, 502, 504}, at
    assert shown.headers[b"content-type"] == b"application/json", at
    assert shown.unsettled == 0, f"{at}: it was told before the release"
    assert lane.asked.code(shown.body) == lane.asked.codes.get(code, code), at
    assert shown.sent == 2, at
    assert_closed(shown, at)
    [release] = shown.named("inference_request.released")
    assert release["reason"] == code, at


def counts_on(events: list[Event]) -> bool:
    """Whether events that have numbers have each a higher one than the last."""
    fields = [event.fields for event in events if isinstance(event.fields, dict)]
    numbers = [told["sequence_number"] for told in fields if "sequence_number" in told]
    return numbers == sorted(set(numbers))


def assert_closed(shown: Shown, at: str) -> None:
    """The answer has one beginning and one end."""
    kinds = [message["type"] for message in shown.messages]
    assert kinds == ["http.response.start", *["http.response.body"] * shown.parts], at
    ends = [message["more_body"] for message in shown.messages[1:]]
    assert ends == [True] * (shown.parts - 1) + [False], at
