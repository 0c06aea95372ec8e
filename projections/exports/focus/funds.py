"""Funds: what a charge was paid with, and the same spread over its lines."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.grants import PAID, PROMOTIONAL
from domain.money import Nanos
from projections.lot_moves import ABSORBED, DEBT


class Funds(NamedTuple):
    """Amounts by where they came from, in nanos."""

    paid: Nanos = 0
    promotional: Nanos = 0
    overdraft: Nanos = 0
    absorbed: Nanos = 0
    """What the operator bore."""

    @property
    def amount(self) -> Nanos:
        """What it cost the customer, in credit of any kind."""
        return self.paid + self.promotional + self.overdraft


def funds(changes: dict[str, Nanos]) -> Funds:
    """Sort what left the wallet by category; changes are signed as the wallet saw them."""
    order = (PAID, PROMOTIONAL, DEBT, ABSORBED)
    return Funds(*(-changes.get(category, 0) for category in order))


def spread(spent: Funds, weights: Sequence[int]) -> list[Funds]:
    """Spread a charge over its lines so that each figure adds up; no line is below zero.

    The cost goes by weight. Promotional credit pays for the first lines, the overdraft for those
    after it: which line had which is nobody's decision, and so it is the simplest one.
    """
    amounts = _shares(spent.amount, weights)
    promotional = _drawn(spent.promotional, amounts)
    left = [whole - part for whole, part in zip(amounts, promotional, strict=True)]
    overdraft = _drawn(spent.overdraft, left)
    paid = [whole - part for whole, part in zip(left, overdraft, strict=True)]
    absorbed = _shares(spent.absorbed, weights)
    return list(map(Funds, paid, promotional, overdraft, absorbed))


def _shares(amount: Nanos, weights: Sequence[int]) -> list[Nanos]:
    """Split by largest remainder, of equal ones the earlier line; without weights, nothing."""
    total = sum(weights)
    assert total or not amount, "what has no price costs nothing"
    parts = [divmod(amount * weight, total or 1) for weight in weights]
    split = [whole for whole, _ in parts]
    order = sorted(range(len(parts)), key=lambda line: -parts[line][1])
    for line in order[: amount - sum(split)]:
        split[line] += 1
    return split


def _drawn(amount: Nanos, over: Sequence[Nanos]) -> list[Nanos]:
    """Take an amount out of lines, from the first one on."""
    taken: list[Nanos] = []
    for line in over:
        part = min(amount, line)
        amount -= part
        taken.append(part)
    return taken
