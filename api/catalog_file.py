"""The catalogue file: providers, models, prices and routes, refused as a whole if one is wrong."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from api.catalog_fields import CatalogFields, ModelFields, ProviderFields, RouteFields
from domain.catalog import Catalog, Model, Route
from domain.price_book import Cards
from domain.pricing import RateCard

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
id = "sandbox/echo"
kind = "chat"
context_tokens = 32768
max_output_tokens = 8192
price = { input = "0.01", output = "0.02" }
[[models.routes]]
provider = "sandbox"
model = "echo"
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
    models = {model.id: _model(model) for model in fields.models}
    return Configured(providers, Catalog(fields.currency, models))


def price_cards(catalog: Catalog) -> Cards:
    """List what is to be published; a model without a price is left out, so not callable."""
    return {model.id: dict(model.prices) for model in catalog.models.values() if model.prices}


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
    providers: set[str] = set()
    for index, provider in enumerate(fields.providers):
        if provider.name in providers:
            raise ConfigError(file, f"providers[{index}].name", f"{provider.name!r} is there twice")
        providers.add(provider.name)
    models: set[str] = set()
    for index, model in enumerate(fields.models):
        if model.id in models:
            raise ConfigError(file, f"models[{index}].id", f"{model.id!r} is there twice")
        models.add(model.id)
        _check_routes(file, f"models[{index}].routes", model.routes, providers)


def _check_routes(file: str, path: str, routes: list[RouteFields], providers: set[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, route in enumerate(routes):
        if route.provider not in providers:
            problem = f"there is no provider {route.provider!r}"
            raise ConfigError(file, f"{path}[{index}].provider", problem)
        if (route.provider, route.model) in seen:
            problem = f"leads to {route.model!r} of {route.provider!r} a second time"
            raise ConfigError(file, f"{path}[{index}]", problem)
        seen.add((route.provider, route.model))


def _provider(
    file: str, index: int, fields: ProviderFields, environ: Mapping[str, str]
) -> ProviderConfig:
    secret = None
    if fields.api_key_env is not None:
        secret = environ.get(fields.api_key_env, "").strip()
        path = f"providers[{index}].api_key_env"
        if not secret:
            raise ConfigError(file, path, f"the variable {fields.api_key_env} is not set")
        if not secret.isascii() or not secret.isprintable():
            problem = f"the variable {fields.api_key_env} holds what no HTTP header can carry"
            raise ConfigError(file, path, problem)
    return ProviderConfig(fields.name, fields.protocol, fields.url, secret, fields.cap_field)


def _model(fields: ModelFields) -> Model:
    routes = tuple(
        Route(route.provider, route.model, None if route.cost is None else RateCard(route.cost))
        for route in fields.routes
    )
    return Model(
        id=fields.id,
        kind=fields.kind,
        context_tokens=fields.context_tokens,
        max_output_tokens=fields.max_output_tokens,
        routes=routes,
        prices=fields.prices,
        owned_by=fields.owned_by,
        tier=fields.tier,
        tags=tuple(fields.tags),
    )
