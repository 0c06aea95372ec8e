"""What a key may be made or changed to be, as operators and customers write it."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from api.admin.body import Fields
from api.admin.fields import LimitAmount, Name, Names, TagFields, Time, unique
from api.admin.limits import LimitFields
from api.errors import InvalidFieldError
from domain.catalog import Catalog
from domain.limits import UNLIMITED
from domain.quota import Quota

Permission = Literal["inference", "manage"]
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)

Permissions = Annotated[
    list[Permission], Field(min_length=1, max_length=10), AfterValidator(unique)
]


class QuotaFields(Fields):
    """How much the key may spend, and in which window of time."""

    amount: LimitAmount
    window: Literal["none", "day", "month"] = "none"

    def quota(self) -> Quota:
        """Give what the domain calls it."""
        return Quota(self.amount, self.window)


class OwnKeyFields(Fields):
    """A key to create; without a scope it may call every model."""

    name: Name
    allowed_model_ids: Names = Field(default_factory=list[str])
    quota: QuotaFields | None = None
    permissions: Permissions = Field(default_factory=lambda: [*PERMISSIONS])
    tags: TagFields = Field(default_factory=dict[str, str])
    """Carried by each of the key's calls; a call's own metadata goes before them."""
    expires_at: Time | None = None
    limits: LimitFields | None = None


class KeyChangeFields(Fields):
    """What to change; what is left out stays, and null takes away where there can be nothing."""

    name: Name = ""
    allowed_model_ids: Names = Field(default_factory=list[str])
    """An empty list is every model again."""
    quota: QuotaFields | None = None
    permissions: Permissions = Field(default_factory=lambda: [*PERMISSIONS])
    tags: TagFields = Field(default_factory=dict[str, str])
    expires_at: Time | None = None
    limits: LimitFields | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            message = f"Give at least one of {', '.join(type(self).model_fields)}"
            raise ValueError(message)
        return self

    def terms(self, catalog: Catalog) -> dict[str, Any]:
        """Give what is set as fields of `KeyTerms`, or raise InvalidFieldError."""
        given = self.model_fields_set
        check_models(catalog, self.allowed_model_ids)
        check_ahead(self.expires_at)
        terms = {
            "allowed_models": ("allowed_model_ids", tuple(self.allowed_model_ids)),
            "quota": ("quota", self.quota.quota() if self.quota else None),
            "permissions": ("permissions", tuple(self.permissions)),
            "tags": ("tags", self.tags),
            "expires_at": ("expires_at", self.expires_at),
            "limits": ("limits", self.limits.limits() if self.limits else UNLIMITED),
        }
        return {term: value for term, (name, value) in terms.items() if name in given}


def check_models(catalog: Catalog, names: Iterable[str]) -> None:
    """Refuse a scope that names no model: a misspelt one would lock the key out.

    An alias is none: a call by its name goes to those of its models that are in the scope.
    """
    for name in names:
        if name in catalog.aliases:
            message = f"'allowed_model_ids': {name!r} is an alias; name models that it leads to."
            raise InvalidFieldError(message, "allowed_model_ids")
        _check_known("allowed_model_ids", name, catalog.models)


def check_providers(catalog: Catalog, names: Iterable[str]) -> None:
    """Refuse a scope that names no provider."""
    known = {name for model in catalog.models.values() for name in model.providers}
    for name in names:
        _check_known("allowed_providers", name, known)


def check_ahead(time: datetime | None) -> None:
    """Refuse an expiry that has passed; by our own clock, for no money hangs on it."""
    if time is not None and time <= datetime.now(UTC):
        param = "expires_at"
        raise InvalidFieldError(f"'{param}': must be in the future.", param)


def _check_known(param: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise InvalidFieldError(f"'{param}': there is no {name[:100]!r}.", param)
