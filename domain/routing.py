"""Which route to try next: in order of preference, those that cool down last."""

from collections.abc import Callable, Sequence

from domain.catalog import Model, Route


class CoolDowns:
    """Routes that failed a moment ago; `clock` is in milliseconds and only ever compared.

    A cool-down belongs to a model's route, not to a provider, and an only route is still tried.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str, str], int] = {}

    def order(self, model: Model, providers: Sequence[str]) -> list[Route]:
        """List the routes through these providers, the cooling ones at the end."""
        routes = [route for route in model.routes if route.provider in providers]
        if not self._until:
            return routes
        return sorted(routes, key=lambda route: self._cooling(model, route))

    def cool(self, model: Model, route: Route, seconds: int) -> None:
        """Try others first for this long."""
        self._until[_key(model, route)] = self._clock() + 1000 * seconds

    def warm(self, model: Model, route: Route) -> None:
        """Forget a cool-down: the route has just worked."""
        if self._until:
            self._until.pop(_key(model, route), None)

    def _cooling(self, model: Model, route: Route) -> bool:
        return self._until.get(_key(model, route), 0) > self._clock()


def _key(model: Model, route: Route) -> tuple[str, str, str]:
    return model.id, route.provider, route.upstream_model
