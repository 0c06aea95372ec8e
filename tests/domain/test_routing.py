"""The walk: candidates' routes in order or by lot, open ones last."""

import random
from collections import Counter
from typing import Any

import pytest

from domain.breakers import Breakers
from domain.candidates import Candidate
from domain.catalog import CHAT, Model, Route
from domain.fit_funds import Fitting
from domain.metering import Estimate
from domain.quote import Quote
from domain.routing import Draw, Stop, Walk, ordered

FIRST, SECOND, THIRD = Route("one", "a"), Route("two", "b"), Route("three", "c")


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def held(model_id: str, *routes: Route) -> Fitting:
    model = Model(model_id, CHAT, 1_000, 100, routes)
    return Fitting(Candidate(model, routes, Quote(1, 1, False), Estimate(1, 1, 1)), 1, 1)


def never(_: int) -> int:
    message = "nothing is drawn where no route has a weight"
    raise AssertionError(message)


def seeded(seed: int) -> Draw:
    return random.Random(seed).randrange  # noqa: S311  # nothing here is a secret


def walked(walk: Walk) -> list[tuple[str, str]]:
    stops: list[Stop] = []
    while stop := walk.next():
        stops.append(stop)
    return [(stop.model.id, stop.route.provider) for stop in stops]


def test_candidates_are_tried_in_order_and_their_routes_as_they_stand() -> None:
    walk = Walk([held("m", FIRST, SECOND), held("n", THIRD)], Breakers(Clock()), never)

    assert walked(walk) == [("m", "one"), ("m", "two"), ("n", "three")]


def test_an_open_route_comes_after_everything_else_but_is_still_tried() -> None:
    kept, breakers = [held("m", FIRST, SECOND), held("n", THIRD)], Breakers(Clock())
    breakers.failed(kept[0].candidate.model, FIRST, 5)

    assert walked(Walk(kept, breakers, never)) == [("m", "two"), ("n", "three"), ("m", "one")]


def test_an_only_route_is_still_tried() -> None:
    kept, breakers = [held("m", FIRST)], Breakers(Clock())
    breakers.failed(kept[0].candidate.model, FIRST, 5)

    assert walked(Walk(kept, breakers, never)) == [("m", "one")]


def test_what_opens_on_the_way_is_seen_on_the_way() -> None:
    kept, breakers = [held("m", FIRST, SECOND, THIRD)], Breakers(Clock())
    walk = Walk(kept, breakers, never)
    first = walk.next()
    breakers.failed(kept[0].candidate.model, SECOND, 5)

    assert first is not None
    assert first.route is FIRST
    assert walked(walk) == [("m", "three"), ("m", "two")]


def test_a_half_open_route_takes_its_place_again_for_one_call_only() -> None:
    clock, kept = Clock(), [held("m", FIRST, SECOND)]
    model, breakers = kept[0].candidate.model, Breakers(clock)
    breakers.failed(model, FIRST, 5)
    clock.now = 5_000

    assert walked(Walk(kept, breakers, never)) == [("m", "one"), ("m", "two")]
    breakers.begin(model, FIRST)
    assert walked(Walk(kept, breakers, never)) == [("m", "two"), ("m", "one")]


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (90, 9), (7, 0), (5, 3)])
def test_over_many_seeds_each_route_is_first_as_often_as_its_weight_says(
    weights: tuple[int, int],
) -> None:
    routes = tuple(
        Route(name, "a", weight=weight)
        for name, weight in zip(("one", "two"), weights, strict=True)
    )
    calls = 20_000

    first = Counter(ordered(routes, seeded(seed))[0].provider for seed in range(calls))

    expected = calls * weights[0] / sum(weights)
    deviation = (calls * weights[0] * weights[1]) ** 0.5 / sum(weights)
    assert abs(first["one"] - expected) <= 5 * deviation


def test_every_ticket_belongs_to_exactly_one_route() -> None:
    routes = (
        Route("one", "a", weight=2),
        Route("two", "b", weight=1),
        Route("three", "c", weight=3),
    )

    def first(ticket: int) -> str:
        tickets = iter([ticket, 0, 0])
        return ordered(routes, lambda _: next(tickets))[0].provider

    assert [first(n) for n in range(6)] == ["one"] * 2 + ["two"] + ["three"] * 3


def test_a_route_with_a_weight_of_nothing_comes_last_and_none_is_lost() -> None:
    routes = (
        Route("one", "a", weight=0),
        Route("two", "b", weight=1),
        Route("three", "c", weight=1),
    )

    for seed in range(50):
        found = ordered(routes, seeded(seed))
        assert found[-1] is routes[0]
        assert {route.provider for route in found} == {"one", "two", "three"}


def test_the_draw_is_told_how_many_tickets_there_are() -> None:
    asked: list[Any] = []

    def draw(tickets: int) -> int:
        asked.append(tickets)
        return 0

    ordered((Route("one", "a", weight=2), Route("two", "b", weight=5)), draw)

    assert asked == [7, 5]
