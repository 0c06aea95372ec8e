"""What a customer can call by a name: the models that it has a price for, aliases and `auto`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.catalog import AUTO, CAPABILITIES, KINDS, MODEL, Catalog, Model
from domain.errors import ModelNotFoundError
from domain.price_rules import PriceRule

ALIAS: Final = "alias"
_ANY_KIND: Final = frozenset(KINDS)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name, and what it leads to."""

    id: str
    type: str
    models: tuple[Model, ...]
    """At least one, all of a kind; of a model, itself."""
    rule: PriceRule | None = None
    """What a model costs this customer; aliases have no price of their own."""

    @property
    def kind(self) -> str:
        """What it is for."""
        return self.models[0].kind

    @property
    def tags(self) -> tuple[str, ...]:
        """The operator's tags; those of a model only."""
        return tuple(dict.fromkeys(self.models[0].tags)) if self.type == MODEL else ()

    @property
    def capabilities(self) -> list[str] | None:
        """What one of its models can take and give; None where nothing is known to be missing."""
        known = [model.capabilities for model in self.models if model.capabilities is not None]
        if len(known) < len(self.models):
            return None
        return [name for name in CAPABILITIES if any(name in able for able in known)]


def visible(catalog: Catalog, rules: Sequence[PriceRule]) -> list[Entry]:
    """List what can be called at these prices: models, then aliases, then `auto`."""
    priced = {rule.model: rule for rule in rules}
    models = [
        Entry(model.id, MODEL, (model,), priced[model.id])
        for model in catalog.models.values()
        if model.id in priced
    ]
    return [*models, *_aliases(catalog, priced), *_auto(catalog, priced)]


def find_entry(catalog: Catalog, entries: Sequence[Entry], name: str) -> Entry:
    """Find what a name means, also `owner/id`, or raise ModelNotFoundError."""
    by_id = {entry.id: entry for entry in entries}
    found = by_id.get(name) or by_id.get(catalog.find(name, _ANY_KIND).id)
    if found is None:
        raise ModelNotFoundError(name)
    return found


def _aliases(catalog: Catalog, priced: Mapping[str, PriceRule]) -> Iterator[Entry]:
    for alias in catalog.aliases.values():
        leads = tuple(catalog.models[name] for name in alias.models if name in priced)
        if leads:
            yield Entry(alias.id, ALIAS, leads)


def _auto(catalog: Catalog, priced: Mapping[str, PriceRule]) -> Iterator[Entry]:
    """Show what `auto` means to a caller that names no tier, of the first kind that there is."""
    meant = [model for model in catalog.auto() if model.id in priced]
    if meant:
        kind = min((model.kind for model in meant), key=KINDS.index)
        yield Entry(AUTO, AUTO, tuple(model for model in meant if model.kind == kind))
