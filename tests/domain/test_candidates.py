"""Candidates: who can take a call, and who suits it best."""

import pytest

from domain.breakers import Breakers
from domain.candidates import Candidate, MissingCapabilityError, Needs, capable, rank
from domain.catalog import (
    BALANCED,
    CAPABILITIES,
    CHAT,
    CHEAPEST,
    FASTEST,
    FIXED,
    ORDERED,
    Choice,
    Model,
    Route,
)
from domain.metering import Estimate
from domain.quote import Quote

ROUTES = (Route("one", "a"), Route("two", "b"))


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def model(
    model_id: str, price: int = 1_000_000, able: set[str] | None = None, context: int = 1_000
) -> Model:
    prices = {"input": price, "output": price}
    able_to = None if able is None else frozenset(able)
    return Model(model_id, CHAT, context, 100, ROUTES, prices, capabilities=able_to)


def choice(*models: Model) -> Choice:
    return Choice("auto", BALANCED, models)


def one(found: Model, cap: int = 20) -> Candidate:
    return Candidate(found, found.routes, Quote(10, cap, clamps=False), Estimate(10, 10, 10))


CHEAP, MID, DEAR = model("cheap", 10**6), model("mid", 2 * 10**6), model("dear", 4 * 10**6)
THREE = [one(DEAR), one(CHEAP), one(MID)]


def ranked(strategy: str, breakers: Breakers | None = None) -> list[tuple[str, int]]:
    found = rank(THREE, strategy, breakers or Breakers(Clock()))
    return [(candidate.model.id, candidate.score) for candidate in found]


def break_routes(breakers: Breakers, broken: Model, seconds: int = 5) -> None:
    for route in broken.routes:
        breakers.failed(broken, route, seconds)


def test_plain_text_goes_to_any_model() -> None:
    blind = model("blind", able=set())

    assert capable(choice(blind, CHEAP), Needs()) == [blind, CHEAP]


@pytest.mark.parametrize("name", CAPABILITIES)
def test_a_model_that_lacks_what_is_needed_is_left_out(name: str) -> None:
    lacking = model("lacking", able=set(CAPABILITIES) - {name})
    having = model("having", able={name})

    assert capable(choice(lacking, having, CHEAP), Needs(**{name: True})) == [having, CHEAP]


def test_a_prompt_beyond_a_models_context_goes_elsewhere() -> None:
    small, large = model("small", context=1_000), model("large", context=1_001)

    assert capable(choice(small, large), Needs(context_tokens=1_000)) == [small, large]
    assert capable(choice(small, large), Needs(context_tokens=1_001)) == [large]
    with pytest.raises(MissingCapabilityError, match="a prompt of 1002 tokens"):
        capable(choice(small, large), Needs(context_tokens=1_002))


def test_the_refusal_names_what_no_model_has() -> None:
    needs = Needs(tools=True, images=True)
    models = (model("a", able={"tools"}), model("b", able=set()))

    with pytest.raises(MissingCapabilityError) as refused:
        capable(choice(*models), needs)

    assert str(refused.value) == "'auto' leads to no model that can take images."
    assert (refused.value.code, refused.value.param) == ("missing_capability", "model")


def test_when_each_model_lacks_something_else_the_refusal_names_all_of_it() -> None:
    models = (model("a", able={"tools"}), model("b", able={"images"}))

    with pytest.raises(MissingCapabilityError, match=r"images and tools\.|tools and images\."):
        capable(choice(*models), Needs(tools=True, images=True))


def test_the_cheapest_comes_first_and_scores_a_hundred() -> None:
    assert ranked(CHEAPEST) == [("cheap", 100), ("mid", 50), ("dear", 25)]


def test_a_hair_cheaper_is_cheaper() -> None:
    near = [one(model("near", 10**9 + 10**7)), one(model("least", 10**9))]

    assert [c.model.id for c in rank(near, CHEAPEST, Breakers(Clock()))] == ["least", "near"]


def test_prices_are_compared_for_the_same_amount_of_output() -> None:
    found = rank([one(CHEAP, cap=100), one(MID, cap=10)], CHEAPEST, Breakers(Clock()))

    assert [c.model.id for c in found] == ["cheap", "mid"]


def test_a_free_model_is_the_cheapest_and_nothing_else_comes_near() -> None:
    found = rank([one(CHEAP), one(model("free", 0))], CHEAPEST, Breakers(Clock()))

    assert [(c.model.id, c.score) for c in found] == [("free", 100), ("cheap", 0)]


def test_the_fastest_comes_first_and_what_was_never_tried_is_in_the_middle() -> None:
    breakers = Breakers(Clock())
    breakers.succeeded(MID, ROUTES[1], 100)
    breakers.succeeded(CHEAP, ROUTES[0], 400)

    assert ranked(FASTEST, breakers) == [("mid", 100), ("dear", 50), ("cheap", 25)]


def test_an_answer_within_no_time_is_fast() -> None:
    breakers = Breakers(Clock())
    breakers.succeeded(MID, ROUTES[0], 0)

    assert ranked(FASTEST, breakers)[0] == ("mid", 100)


def test_balance_weighs_price_health_and_speed() -> None:
    breakers = Breakers(Clock())
    breakers.succeeded(DEAR, ROUTES[0], 100)
    breakers.succeeded(CHEAP, ROUTES[0], 1_000)

    # price × 50 % + health × 30 % + speed × 20 %
    assert ranked(BALANCED, breakers) == [("cheap", 82), ("mid", 65), ("dear", 62)]


def test_order_is_the_operators() -> None:
    assert ranked(ORDERED) == [("dear", 100), ("cheap", 100), ("mid", 100)]


@pytest.mark.parametrize("strategy", [ORDERED, BALANCED, CHEAPEST, FASTEST])
def test_a_model_that_no_route_leads_to_now_comes_last_whatever_its_score(strategy: str) -> None:
    breakers = Breakers(Clock())
    break_routes(breakers, CHEAP)

    assert ranked(strategy, breakers)[-1][0] == "cheap"


def test_one_good_route_is_enough_for_health() -> None:
    breakers = Breakers(Clock())
    breakers.failed(CHEAP, ROUTES[0], 5)

    assert ranked(CHEAPEST, breakers)[0] == ("cheap", 100)


def test_half_open_is_half_healthy() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    break_routes(breakers, DEAR)
    clock.now = 5_000

    assert ranked(ORDERED, breakers) == [("dear", 50), ("cheap", 100), ("mid", 100)]


def test_speed_is_that_of_the_routes_that_work() -> None:
    breakers = Breakers(Clock())
    breakers.succeeded(DEAR, ROUTES[0], 1)
    breakers.failed(DEAR, ROUTES[0], 5)
    breakers.succeeded(DEAR, ROUTES[1], 1_000)
    breakers.succeeded(MID, ROUTES[0], 500)

    assert ranked(FASTEST, breakers) == [("mid", 100), ("cheap", 50), ("dear", 50)]


def test_equal_scores_go_by_price_and_then_by_the_operators_order() -> None:
    twins = [one(model("b")), one(model("a"))]

    assert [c.model.id for c in rank(twins, BALANCED, Breakers(Clock()))] == ["b", "a"]
    assert [c.model.id for c in rank(THREE, FASTEST, Breakers(Clock()))] == ["cheap", "mid", "dear"]


def test_a_model_named_by_the_caller_scores_by_its_health() -> None:
    breakers = Breakers(Clock())
    (alone,) = rank([one(CHEAP)], FIXED, breakers)
    break_routes(breakers, CHEAP)
    (broken,) = rank([one(CHEAP)], FIXED, breakers)

    assert (alone.score, broken.score) == (100, 0)


def test_a_model_without_a_public_price_comes_last_on_price() -> None:
    listed = Model("listed", CHAT, 1_000, 100, ROUTES)
    free = model("free", 0)

    found = [
        rank([one(listed), *rest], CHEAPEST, Breakers(Clock())) for rest in (THREE, [one(free)])
    ]

    assert [each.model.id for each in found[0]] == ["cheap", "mid", "dear", "listed"]
    assert [(each.model.id, each.score) for each in found[1]] == [("free", 100), ("listed", 0)]


def test_where_no_model_has_a_public_price_the_operators_order_decides() -> None:
    listed = [one(Model(name, CHAT, 1_000, 100, ROUTES)) for name in ("b", "a")]

    assert [c.model.id for c in rank(listed, CHEAPEST, Breakers(Clock()))] == ["b", "a"]
