"""Answers about everything that the catalogue lists."""

from typing import Annotated, Literal

from pydantic import Field

from api.document.answer import Answer, Items, Page

ResourceType = Literal["model", "mcp_server", "skill", "agent"]


class ResourceAnswer(Answer):
    """Something that can be used: a model here, or what the operator points to elsewhere."""

    id: Annotated[str, Field(examples=["web-search"])]
    type: ResourceType
    name: str
    description: str
    url: Annotated[
        str | None, Field(description="Where it is; of a model, where it is described here.")
    ]
    version: str | None
    tags: list[str]
    models: Annotated[
        list[str], Field(description="What it is made for; of an alias, what it leads to.")
    ]


class ResourcesAnswer(Page[ResourceAnswer]):
    """Models first, then the others in the catalogue's order."""


class ResourceTypeAnswer(Answer):
    """A type, and how many entries there are of it."""

    type: ResourceType
    description: str
    count: int


class ResourceTypesAnswer(Items[ResourceTypeAnswer]):
    """Every type that there is, also without an entry."""
