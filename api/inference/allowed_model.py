"""The model that a call means which is free, and the routes that its caller lets it take."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from api.gateway import Gateway
from domain.admission import Asked, allowed_routes
from domain.api_key import ApiKey
from domain.catalog import Model, Route
from domain.customer import Customer
from domain.decision import Decision
from domain.errors import InvalidApiKeyError, RefusalError
from domain.find import must_find
from domain.ports import Books
from domain.reserve_call import Identity


@dataclass(frozen=True, slots=True)
class AllowedModel:
    """A model, and which of its routes a prompt of this caller's may be sent along."""

    model: Model
    routes: tuple[Route, ...]
    """At least one, in the order of the catalogue."""


async def allowed_model(
    gateway: Gateway, who: Identity, name: str, kinds: Collection[str]
) -> AllowedModel:
    """Find the first model of that name which the key's scope and the customer's policies allow.

    Raises ModelNotFoundError, or the first model's ModelNotAllowedError or RoutingPolicyError.
    """
    models = gateway.catalog.choose(name, kinds).models

    def find(books: Books) -> AllowedModel:
        key = books.find(ApiKey, who.key_id)
        if key is None:
            raise InvalidApiKeyError
        return _first(models, name, key, must_find(books, Customer, who.customer_id, "customer"))

    return await gateway.ledger.read(Decision((who.key_id, who.customer_id), find))


def _first(models: Sequence[Model], name: str, key: ApiKey, customer: Customer) -> AllowedModel:
    asked = Asked(name, ())
    refusals: list[RefusalError] = []
    for model in models:
        try:
            return AllowedModel(model, allowed_routes(asked, model, model.routes, key, customer))
        except RefusalError as refused:
            refusals.append(refused)
    raise refusals[0]
