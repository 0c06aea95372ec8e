from collections.abc import Mapping
from pathlib import Path

import pytest

from api.catalog.file import (
    ConfigError,
    Configured,
    default_catalog,
    parse_catalog,
    price_page,
    read_catalog,
)
from domain.catalog import Model, Route
from domain.margin import Margin
from domain.price_page import plain_page
from domain.pricing import RateCard

PROVIDER = """
[[providers]]
name = "openai"
protocol = "openai"
base_url = "https://api.openai.com/v1/"
api_key_env = "OPENAI_API_KEY"
"""
MODEL = """
[[models]]
id = "gpt-4o-mini"
kind = "chat"
context_tokens = 128000
max_output_tokens = 16384
tier = "standard"
owned_by = "openai"
tags = ["small"]
price = { input = "0.15", cached_input = "0.075", output = "0.60" }
[[models.routes]]
provider = "openai"
model = "gpt-4o-mini-2024"
cost = { input = "0.12", output = "0.48" }
"""
FILE = 'currency = "EUR"\n' + PROVIDER + MODEL
PRICE = 'price = { input = "0.15", cached_input = "0.075", output = "0.60" }'
ENVIRON = {"OPENAI_API_KEY": "sk-secret"}


def parsed(text: str, environ: Mapping[str, str] = ENVIRON) -> Configured:
    return parse_catalog(text, environ, file="tollbook.toml")


def only_model(text: str) -> Model:
    (model,) = parsed(text).catalog.models.values()
    return model


def test_the_file_of_the_design_is_read_exactly() -> None:
    (provider,), catalog = parsed(FILE)

    assert provider.name == "openai"
    assert provider.base_url == "https://api.openai.com/v1"
    assert provider.api_key == "sk-secret"
    assert catalog.currency == "EUR"
    assert catalog.models["gpt-4o-mini"] == Model(
        id="gpt-4o-mini",
        kind="chat",
        context_tokens=128_000,
        max_output_tokens=16_384,
        routes=(
            Route(
                "openai",
                "gpt-4o-mini-2024",
                RateCard({"input": 120_000_000, "output": 480_000_000}),
            ),
        ),
        prices={"input": 150_000_000, "cached_input": 75_000_000, "output": 600_000_000},
        owned_by="openai",
        tier="standard",
        tags=("small",),
        margin=Margin(percent=100, honours_detail=True),
    )


def test_the_currency_is_the_dollar_unless_it_says_otherwise() -> None:
    assert parsed(PROVIDER + MODEL).catalog.currency == "USD"


def test_no_representation_shows_a_secret() -> None:
    assert "sk-secret" not in repr(parsed(FILE))


@pytest.mark.parametrize(
    ("base_url", "given", "field"),
    [
        ("https://api.openai.com/v1", "", "max_completion_tokens"),
        ("http://localhost:8000/v1", "", "max_tokens"),
        ("https://api.openai.com.example/v1", "", "max_tokens"),
        ("https://api.openai.com/v1", "max_tokens", "max_tokens"),
        ("http://localhost:8000/v1", "max_completion_tokens", "max_completion_tokens"),
    ],
)
def test_the_output_cap_has_the_name_that_the_host_knows(
    base_url: str, given: str, field: str
) -> None:
    provider = f'[[providers]]\nname = "openai"\nprotocol = "openai"\nbase_url = "{base_url}"\n'
    option = f'output_cap_field = "{given}"\n' if given else ""

    (read,), _ = parsed(provider + option + MODEL)

    assert read.output_cap_field == field


def test_a_local_server_needs_no_key() -> None:
    text = FILE.replace('api_key_env = "OPENAI_API_KEY"\n', "")

    (provider,), _ = parsed(text, {})

    assert provider.api_key is None


def test_a_list_price_without_a_discount_is_the_price() -> None:
    listed = PRICE.replace("price", "list_price")

    assert only_model(FILE.replace(PRICE, listed)).prices == only_model(FILE).prices


def test_a_model_without_a_price_is_known_but_not_published() -> None:
    catalog = parsed(FILE.replace(PRICE, "")).catalog

    assert "gpt-4o-mini" in catalog.models
    assert price_page(catalog) == plain_page({})


def test_a_model_whose_price_is_zero_is_published() -> None:
    catalog = parsed(FILE.replace(PRICE, 'price = { input = "0", output = "0" }')).catalog

    assert price_page(catalog) == plain_page({"gpt-4o-mini": {"input": 0, "output": 0}})


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ('"0.15"', "0.15", "models[0].price.input", "decimal in quotes"),
        ('"0.15"', "1", "models[0].price.input", "decimal in quotes"),
        ('"0.15"', "true", "models[0].price.input", "decimal in quotes"),
        ('"0.12"', "0.12", "models[0].routes[0].cost.input", "decimal in quotes"),
        ('"0.15"', '"-0.15"', "models[0].price.input", "negative"),
        ('"0.15"', '"1e3"', "models[0].price.input", "not a decimal"),
        ('"0.15"', '"NaN"', "models[0].price.input", "not a decimal"),
        ('"0.15"', '"0.0000000001"', "models[0].price.input", "at most 9 places"),
        ('"0.15"', '"1000000001"', "models[0].price.input", "beyond any price"),
        ("cached_input", "cached", "models[0].price", "'cached' is no component"),
        (PRICE, "price = {}", "models[0].price", "no component"),
        (PRICE, 'price = { input = "1" }', "models[0]", "no price for output"),
        (PRICE, PRICE + '\nlist_price = { input = "1" }', "models[0]", "both"),
        (PRICE, PRICE + '\ndiscount = "0.5"', "models[0]", "no list_price"),
        ("tier =", "teir =", "models[0].teir", "unknown key"),
        ('name = "openai"', 'nmae = "openai"', "providers[0].nmae", "unknown key"),
        ('protocol = "openai"', 'protocol = "smtp"', "providers[0].protocol", "should be"),
        ('protocol = "openai"', 'protocol = "sandbox"', "providers[0]", "built in"),
        ('base_url = "https://api.openai.com/v1/"', "", "providers[0]", "base_url is missing"),
        ("https://api", "ftp://api", "providers[0].base_url", "http"),
        ("https://api", "https://user:pw@api", "providers[0].base_url", "without user"),
        ("openai.com/v1/", "openai.com:x/v1/", "providers[0].base_url", ""),
        ('provider = "openai"', 'provider = "opnai"', "models[0].routes[0].provider", "opnai"),
        ('id = "gpt-4o-mini"', 'id = "auto"', "models[0].id", "meaning"),
        ('id = "gpt-4o-mini"', 'id = "a b"', "models[0].id", "pattern"),
        ('kind = "chat"', 'kind = "chess"', "models[0].kind", "should be"),
        ("128000", "1.5", "models[0].context_tokens", "integer"),
        ("128000", "0", "models[0].context_tokens", "greater"),
        ("16384", "128001", "models[0]", "more than its context"),
        ("max_output_tokens = 16384", "", "models[0]", "needs max_output_tokens"),
        ("EUR", "eur", "currency", "capitals"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(old: str, new: str, path: str, problem: str) -> None:
    assert old in FILE

    with pytest.raises(ConfigError) as refusal:
        parsed(FILE.replace(old, new, 1))

    assert refusal.value.path == path
    assert problem in refusal.value.problem
    assert str(refusal.value).startswith(f"tollbook.toml: {path}")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (PROVIDER + PROVIDER + MODEL, "providers[1].name"),
        (PROVIDER + MODEL + MODEL, "models[1].id"),
        (FILE + MODEL[MODEL.index("[[models.routes]]") :], "models[0].routes[1]"),
        (PROVIDER, "models"),
        (MODEL, "providers"),
        (FILE + "\n[extra]\n", "extra"),
    ],
    ids=["provider twice", "model twice", "route twice", "no model", "no provider", "extra table"],
)
def test_names_are_unique_and_nothing_is_missing_or_left_over(text: str, path: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parsed(text)

    assert refusal.value.path == path


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": " "}])
def test_a_missing_secret_is_named_by_its_variable(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"providers\[0\].api_key_env: .*OPENAI_API_KEY"):
        parsed(FILE, environ)


def test_a_secret_that_no_header_can_carry_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError, match="no HTTP header") as refusal:
        parsed(FILE, {"OPENAI_API_KEY": "sk-\nsecret"})

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ["a = ", "a = " + "[" * 9999, "a = " + "9" * 9999, "\x00"],
    ids=["half", "deep", "long", "nul"],
)
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        parsed(text)


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "tollbook.toml"
    path.write_text(FILE)

    assert read_catalog(path, ENVIRON) == parsed(FILE)


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["missing", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tollbook.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"tollbook.toml: cannot be read"):
        read_catalog(path, ENVIRON)


def test_a_start_without_a_file_has_priced_models_and_the_first_is_for_chat() -> None:
    (provider,), catalog = default_catalog()

    models = list(catalog.models.values())
    assert provider.protocol == "sandbox"
    assert models[0].kind == "chat"
    assert "/" not in models[0].id
    assert any("/" in model.id for model in models)
    assert all(all(model.prices.values()) for model in models)
    assert price_page(catalog)["cards"].keys() == catalog.models.keys()
