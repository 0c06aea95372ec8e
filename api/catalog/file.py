"""The catalogue file: providers, models, prices and routes, refused as a whole if one is wrong."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from adapters.upstreams.sigv4 import AwsKeys
from api.aws_environment import VariableMissingError, aws_credentials, read_secret
from api.catalog.aliases import alias_faults, aliases_of
from api.catalog.fields import CatalogFields, ModelFields, ProviderFields, RouteFields
from api.catalog.margins import margin_of
from api.catalog.pools import billed_by, discounts_of, price_faults
from api.catalog.prices import lists_of
from api.catalog.resources import resource_faults, resource_of
from domain.catalog import Catalog, Model, Route
from domain.price_page import Page, terms_of
from domain.pricing import RateCard, Ratio

_DEFAULT: Final = """
currency = "USD"

[[providers]]
name = "sandbox"
protocol = "sandbox"

[[models]]
id = "sandbox-small"
kind = "chat"
context_tokens = 32768
max_output_tokens = 8192
price = { input = "0.15", cached_input = "0.075", output = "0.60" }
[[models.routes]]
provider = "sandbox"
model = "sandbox-small"
cost = { input = "0.10", output = "0.40" }

[[models]]
id = "sandbox-large"
kind = "chat"
context_tokens = 131072
max_output_tokens = 16384
tier = "premium"
price = { input = "2.50", cached_input = "1.25", output = "10" }
[[models.routes]]
provider = "sandbox"
model = "sandbox-large"
cost = { input = "2", output = "8" }

[[models]]
id = "sandbox-embedding"
kind = "embeddings"
context_tokens = 8192
price = { input = "0.02" }
[[models.routes]]
provider = "sandbox"
model = "sandbox-embedding"
cost = { input = "0.01" }

[[models]]
id = "sandbox/echo"
kind = "chat"
context_tokens = 32768
max_output_tokens = 8192
price = { input = "0.01", output = "0.02" }
[[models.routes]]
provider = "sandbox"
model = "echo"

[[aliases]]
id = "auto-chat-balanced"
models = ["sandbox-small", "sandbox-large", "sandbox/echo"]
"""


class ConfigError(Exception):
    """The catalogue file cannot be used; says where and why."""

    def __init__(self, file: str, path: str, problem: str) -> None:
        self.file = file
        self.path = path
        self.problem = problem
        super().__init__(": ".join(part for part in (file, path, problem) if part))


class ProviderConfig(NamedTuple):
    """One provider as configured, its secret resolved."""

    name: str
    protocol: str
    base_url: str
    """Without a slash at its end; empty for the sandbox."""
    api_key: str | None
    output_cap_field: str
    apis: tuple[str, ...] = ()
    """Which of OpenAI's APIs it has; the first is for callers of other protocols."""
    aws: AwsKeys | str | None = None
    """What a Bedrock provider without a key of its own is known by."""

    def __repr__(self) -> str:
        """Show no secret, wherever this is logged."""
        return f"ProviderConfig({self.name!r}, {self.protocol!r}, {self.base_url!r})"


class Configured(NamedTuple):
    """What a catalogue file says."""

    providers: tuple[ProviderConfig, ...]
    catalog: Catalog


def default_catalog() -> Configured:
    """Give the catalogue of a start without a file: the sandbox and its models."""
    return parse_catalog(_DEFAULT, {}, file="default catalogue")


def read_catalog(path: Path, environ: Mapping[str, str]) -> Configured:
    """Read a file and the secrets that it names in the environment, or raise ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "", f"cannot be read: {error}") from error
    return parse_catalog(text, environ, file=str(path))


def parse_catalog(text: str, environ: Mapping[str, str], *, file: str) -> Configured:
    """Check a catalogue's text, or raise ConfigError for the first thing that is wrong."""
    try:
        # As Decimal, not float: a bare number where money is meant is refused, never rounded.
        raw = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ConfigError(file, "", f"is not valid TOML: {error}") from None
    try:
        fields = CatalogFields.model_validate(raw)
    except ValidationError as error:
        raise _first_fault(file, error) from None
    _check_names(file, fields)
    providers = tuple(
        _provider(file, index, provider, environ) for index, provider in enumerate(fields.providers)
    )
    official = {provider.name for provider in fields.providers if provider.official}
    sold, billed = discounts_of(fields), billed_by(fields)
    regions = {provider.name: provider.region for provider in fields.providers}
    models = {
        model.id: _model(model, official, sold.get(model.id), billed, regions)
        for model in fields.models
    }
    for path, problem in alias_faults(fields.aliases, models):
        raise ConfigError(file, path, problem)
    aliases = aliases_of(fields.aliases, models)
    for path, problem in resource_faults(fields.resources, {**models, **aliases}):
        raise ConfigError(file, path, problem)
    resources = {each.id: resource_of(each) for each in fields.resources}
    lists = lists_of(fields.price_lists, {model.id: model.card() for model in fields.models})
    return Configured(providers, Catalog(fields.currency, models, aliases, lists, resources))


def price_page(catalog: Catalog) -> Page:
    """Say what is to be published; a model without a price is left out, so not callable."""
    priced = [model for model in catalog.models.values() if model.prices]
    return Page(
        cards={model.id: dict(model.prices) for model in priced},
        terms={model.id: model.terms for model in priced if model.terms},
        lists=dict(catalog.lists),
    )


def _first_fault(file: str, error: ValidationError) -> ConfigError:
    """Name the first fault as the file spells it: `models[0].price.input`.

    A misspelt key also leaves the right one missing, so unknown keys are told first.
    """
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
    path = ""
    for step in fault["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    unknown = fault["type"] == "extra_forbidden"
    problem = "unknown key" if unknown else fault["msg"].removeprefix("Value error, ")
    return ConfigError(file, path, problem)


def _check_names(file: str, fields: CatalogFields) -> None:
    """Refuse names given twice, and routes to providers that are not there."""
    providers: dict[str, ProviderFields] = {}
    for index, provider in enumerate(fields.providers):
        if provider.name in providers:
            raise ConfigError(file, f"providers[{index}].name", f"{provider.name!r} is there twice")
        providers[provider.name] = provider
    models: set[str] = set()
    for index, model in enumerate(fields.models):
        if model.id in models:
            raise ConfigError(file, f"models[{index}].id", f"{model.id!r} is there twice")
        models.add(model.id)
        _check_routes(file, f"models[{index}].routes", model, providers)
    for path, problem in price_faults(fields):
        raise ConfigError(file, path, problem)


def _check_routes(
    file: str, path: str, model: ModelFields, providers: Mapping[str, ProviderFields]
) -> None:
    seen: set[tuple[str, str]] = set()
    for index, route in enumerate(model.routes):
        provider = providers.get(route.provider)
        if provider is None or provider.lacks(model.kind):
            served = "" if provider is None else f" of {model.kind}"
            problem = f"there is no provider {route.provider!r}{served}"
            raise ConfigError(file, f"{path}[{index}].provider", problem)
        if (route.provider, route.model) in seen:
            problem = f"leads to {route.model!r} of {route.provider!r} a second time"
            raise ConfigError(file, f"{path}[{index}]", problem)
        seen.add((route.provider, route.model))


def _provider(
    file: str, index: int, fields: ProviderFields, environ: Mapping[str, str]
) -> ProviderConfig:
    secret, aws = None, None
    path = f"providers[{index}]"
    try:
        if fields.api_key_env is not None:
            path += ".api_key_env"
            secret = read_secret(fields.api_key_env, environ)
        elif fields.protocol == "bedrock":
            aws = aws_credentials(fields.url, environ)
    except VariableMissingError as error:
        raise ConfigError(file, path, str(error)) from None
    return ProviderConfig(
        fields.name, fields.protocol, fields.url, secret, fields.cap_field, fields.has_apis, aws
    )


def _model(
    fields: ModelFields,
    official: set[str],
    sold: Ratio | None,
    billed: Mapping[str, Ratio],
    regions: Mapping[str, str | None],
) -> Model:
    routes = tuple(
        Route(
            route.provider,
            route.model,
            _cost(fields, route, billed),
            route.weight,
            route.region or regions[route.provider],
            fields.kind,
        )
        for route in fields.routes
    )
    return Model(
        id=fields.id,
        kind=fields.kind,
        context_tokens=fields.context_tokens,
        max_output_tokens=fields.max_output_tokens,
        routes=routes,
        prices=fields.listed,
        terms=terms_of(fields.card(sold)),
        owned_by=fields.owned_by,
        tier=fields.tier,
        tags=tuple(fields.tags),
        margin=margin_of(
            fields.estimate_margin,
            fields.image_tokens,
            official=all(route.provider in official for route in fields.routes),
        ),
        capabilities=None if fields.capabilities is None else frozenset(fields.capabilities),
    )


def _cost(fields: ModelFields, route: RouteFields, billed: Mapping[str, Ratio]) -> RateCard | None:
    """Choose what the supplier bills: the route's own cost, else its share of the list prices."""
    if route.cost is not None:
        return RateCard(route.cost)
    share = billed.get(route.provider)
    return fields.card(share) if share is not None and fields.listed else None
