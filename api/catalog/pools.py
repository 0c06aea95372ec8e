"""Pools and price lists against the models of a catalogue file: discounts, and what is wrong."""

from collections.abc import Iterator

from api.catalog.fields import CatalogFields, ModelFields
from api.catalog.prices import PriceListFields
from domain.pricing import Ratio

Fault = tuple[str, str]
"""Where in the file, and what is wrong there."""


def discounts_of(fields: CatalogFields) -> dict[str, Ratio]:
    """Give each model of a pool the pool's share of its list prices."""
    return {model: pool.discount for pool in fields.pools for model in pool.models}


def billed_by(fields: CatalogFields) -> dict[str, Ratio]:
    """Give the share of list prices that suppliers bill, of those that have one."""
    return {each.name: each.discount for each in fields.providers if each.discount is not None}


def price_faults(fields: CatalogFields) -> Iterator[Fault]:
    """Find names given twice or not there, models in two pools, and prices left out."""
    models = {model.id: model for model in fields.models}
    yield from _twice("pools", [pool.name for pool in fields.pools])
    yield from _pool_faults(fields, models)
    yield from _twice("price_lists", [each.name for each in fields.price_lists])
    for index, price_list in enumerate(fields.price_lists):
        for where, problem in _list_faults(price_list, models):
            yield f"price_lists[{index}].{where}", problem


def _twice(table: str, names: list[str]) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{table}[{index}].name", f"{name!r} is there twice"


def _pool_faults(fields: CatalogFields, models: dict[str, ModelFields]) -> Iterator[Fault]:
    pooled: dict[str, str] = {}
    for index, pool in enumerate(fields.pools):
        for place, name in enumerate(pool.models):
            where, model = f"pools[{index}].models[{place}]", models.get(name)
            if model is None or not model.listed:
                yield where, f"there is no model {name!r} with a price"
            elif model.discount is not None:
                yield where, f"{name!r} has a discount of its own"
            elif name in pooled:
                yield where, f"{name!r} is in the pool {pooled[name]!r} already"
            pooled[name] = pool.name


def _list_faults(fields: PriceListFields, models: dict[str, ModelFields]) -> Iterator[Fault]:
    for place, name in enumerate(fields.models or ()):
        if name not in models or not models[name].listed:
            yield f"models[{place}]", f"there is no model {name!r} with a price"
    seen: set[str] = set()
    for place, listed in enumerate(fields.prices):
        where, model = f"prices[{place}]", models.get(listed.model)
        if model is None or not (listed.price or model.listed):
            yield f"{where}.model", f"there is no model {listed.model!r} with a price"
        elif listed.model in seen:
            yield f"{where}.model", f"{listed.model!r} is there twice"
        elif problem := model.unpriced_in(listed.listed):
            yield where, problem
        seen.add(listed.model)
