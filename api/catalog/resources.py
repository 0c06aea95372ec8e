"""Resources of a catalogue file: what customers are told of besides models; nothing calls them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from api.catalog.prices import Name, Strict, Visible
from api.catalog.urls import PlainUrl
from domain.catalog import AGENT, AUTO, MCP_SERVER, Resource

Fault = tuple[str, str]
"""Where in the file, and what is wrong there."""
RESOURCES_MAX: Final = 10_000
_REACHED: Final = frozenset({AGENT, MCP_SERVER})
"""Types that are worth nothing without an address."""


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        message = "must be one line of printable text, without space around it"
        raise ValueError(message)
    return text


def _each_once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        message = "names something twice"
        raise ValueError(message)
    return names


class ResourceFields(BaseModel):
    """`[[resources]]`: an MCP server, a skill or an agent, as customers see it."""

    model_config = Strict
    id: Visible
    type: Literal["mcp_server", "skill", "agent"]
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
    description: Annotated[str, Field(max_length=2_000), AfterValidator(_printable)] = ""
    url: Annotated[PlainUrl, Field(max_length=2_000)] | None = None
    version: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")] | None = None
    tags: Annotated[list[Name], Field(max_length=50), AfterValidator(_each_once)] = Field(
        default_factory=list[str]
    )
    models: Annotated[list[Visible], Field(max_length=100), AfterValidator(_each_once)] = Field(
        default_factory=list[str]
    )
    """Models and aliases that it is made for."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.url is None and self.type in _REACHED:
            message = f"is of the type {self.type} and has no url"
            raise ValueError(message)
        return self


def resource_of(fields: ResourceFields) -> Resource:
    """Give what the catalogue holds of a resource."""
    return Resource(
        id=fields.id,
        type=fields.type,
        name=fields.name,
        description=fields.description,
        url=fields.url,
        version=fields.version,
        tags=tuple(fields.tags),
        models=tuple(fields.models),
    )


def resource_faults(
    fields: list[ResourceFields], callable_names: Mapping[str, object]
) -> Iterator[Fault]:
    """Find ids that mean two things, and models that are not there."""
    models = {AUTO, *callable_names}
    taken = set(models)
    for index, resource in enumerate(fields):
        path = f"resources[{index}]"
        if resource.id in taken:
            yield f"{path}.id", f"{resource.id!r} has a meaning already"
        taken.add(resource.id)
        for place, name in enumerate(resource.models):
            if name not in models:
                yield f"{path}.models[{place}]", f"there is no model {name!r}"
