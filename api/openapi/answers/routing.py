"""Answers about the routing policy."""

from api.document.routing import RoutingPolicyAnswer
from api.openapi.answers.api_keys import ModelScopeAnswer


class ScopedRoutingPolicyAnswer(RoutingPolicyAnswer):
    """Which models and routes a customer's calls take; the scope says `models` in another way."""

    model_scope: ModelScopeAnswer
