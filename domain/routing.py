"""The walk of a call: its candidates' routes, one after another, until one answers."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from domain.breakers import Breakers, Standing
from domain.catalog import Model, Route
from domain.fit_funds import Fitting

Draw = Callable[[int], int]
"""Draws a number from zero up to, and without, the one given."""


class Stop(NamedTuple):
    """A route to one of the candidates."""

    held: Fitting
    route: Route

    @property
    def model(self) -> Model:
        """The model it leads to."""
        return self.held.candidate.model


class Walk:
    """What is still to be tried: each time the first whose breaker lets it, else the first.

    So an only route is still tried, and one that others are trying out is left to them.
    """

    def __init__(self, kept: Iterable[Fitting], breakers: Breakers, draw: Draw) -> None:
        self._breakers = breakers
        self._left = [
            Stop(held, route) for held in kept for route in ordered(held.candidate.routes, draw)
        ]

    def next(self) -> Stop | None:
        """Take the next stop, or None at the end."""
        if not self._left:
            return None
        for place, stop in enumerate(self._left):
            if self._breakers.standing(stop.model, stop.route) is not Standing.OPEN:
                return self._left.pop(place)
        return self._left.pop(0)


def ordered(routes: tuple[Route, ...], draw: Draw) -> list[Route]:
    """Order a model's routes: those with a weight by lot, the others as they stand, last.

    A weight of nothing is only for when the others have failed.
    """
    left = [route for route in routes if route.weight]
    if not left:
        return list(routes)
    chosen: list[Route] = []
    while left:
        chosen.append(left.pop(_drawn([route.weight or 0 for route in left], draw)))
    return chosen + [route for route in routes if not route.weight]


def _drawn(weights: list[int], draw: Draw) -> int:
    """Draw a place, each as likely as its weight says."""
    ticket = draw(sum(weights))
    place = 0
    while ticket >= weights[place]:
        ticket -= weights[place]
        place += 1
    return place
