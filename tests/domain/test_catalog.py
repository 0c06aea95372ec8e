"""What a caller's words lead to: a model, an alias, any model of a tier."""

import pytest

from domain.catalog import (
    BALANCED,
    CHAT,
    CHEAPEST,
    COMPLETIONS,
    EMBEDDINGS,
    FIXED,
    Alias,
    Catalog,
    Model,
    Route,
)
from domain.errors import ModelNotFoundError

ROUTES = (Route("one", "a"), Route("two", "b"), Route("one", "c"))
PRICES = {"input": 1, "output": 1}


def model(model_id: str, **changes: object) -> Model:
    facts = {"kind": CHAT, "routes": ROUTES, "prices": PRICES, **changes}
    return Model(model_id, context_tokens=1_000, max_output_tokens=100, **facts)  # type: ignore[arg-type]


SMALL, LARGE = model("small", owned_by="us"), model("large", tier="premium")
SLASHED, UNPRICED = model("us/slashed", owned_by="us"), model("unpriced", prices={})
VECTORS = model("vectors", kind=EMBEDDINGS)
CATALOG = Catalog(
    "USD",
    {m.id: m for m in (SMALL, LARGE, SLASHED, UNPRICED, VECTORS)},
    {
        "mixed": Alias("mixed", CHEAPEST, ("large", "small", "vectors")),
        "empty": Alias("empty", CHEAPEST, ("vectors",)),
    },
)


def test_a_model_is_found_by_its_id_and_kind_only() -> None:
    assert CATALOG.find("small", {CHAT}) is SMALL
    assert SMALL.providers == ("one", "two")
    assert UNPRICED not in CATALOG.priced()
    for name, kind in (("small", EMBEDDINGS), ("x", CHAT), ("", CHAT), ("mixed", CHAT)):
        with pytest.raises(ModelNotFoundError):
            CATALOG.find(name, {kind})


def test_a_model_without_a_slash_is_also_found_by_its_owner_and_id() -> None:
    assert CATALOG.find("us/small", {CHAT}) is SMALL
    assert CATALOG.find("us/slashed", {CHAT}) is SLASHED
    for name in ("they/small", "/small", "us/us/slashed", "us/", "us/SMALL"):
        with pytest.raises(ModelNotFoundError):
            CATALOG.find(name, {CHAT})


def test_who_names_a_model_gets_that_model() -> None:
    choice = CATALOG.choose("us/small", {CHAT})

    assert (choice.requested, choice.strategy, choice.models) == ("us/small", FIXED, (SMALL,))
    assert not choice.open


def test_an_alias_leads_to_its_models_of_the_right_kind_in_the_operators_order() -> None:
    choice = CATALOG.choose("mixed", {CHAT, COMPLETIONS})

    assert (choice.requested, choice.strategy, choice.models) == ("mixed", CHEAPEST, (LARGE, SMALL))
    assert choice.open
    with pytest.raises(ModelNotFoundError):
        CATALOG.choose("empty", {CHAT})


def test_auto_is_any_priced_model_of_the_tier_and_kind() -> None:
    standard = CATALOG.choose("auto", {CHAT})

    assert (standard.strategy, standard.models) == (BALANCED, (SMALL, SLASHED))
    assert CATALOG.choose("auto", {CHAT}, "premium").models == (LARGE,)
    assert CATALOG.choose("auto", {EMBEDDINGS}).models == (VECTORS,)
    with pytest.raises(ModelNotFoundError, match="auto"):
        CATALOG.choose("auto", {CHAT}, "unheard-of")


def test_an_alias_is_listed_as_a_model_with_what_its_models_can_do_at_most() -> None:
    listed = CATALOG.aliases_of([SMALL, LARGE])

    assert [found.id for found in listed] == ["mixed"]
    wide = Catalog(
        "USD",
        {"a": model("a"), "b": Model("b", CHAT, 5_000, 50, ROUTES)},
        {"x": Alias("x", CHEAPEST, ("a", "b"))},
    )
    (alias,) = wide.aliases_of(list(wide.models.values()))
    assert (alias.id, alias.kind, alias.context_tokens, alias.max_output_tokens) == (
        "x",
        CHAT,
        5_000,
        100,
    )


def test_an_alias_that_leads_to_nothing_allowed_is_not_listed() -> None:
    assert [found.id for found in CATALOG.aliases_of([VECTORS, SLASHED])] == ["mixed", "empty"]
    assert CATALOG.aliases_of([SLASHED]) == []
