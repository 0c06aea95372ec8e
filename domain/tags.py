"""Cost-centre tags: short codes that a call or its key carries into usage, detail and statement."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from domain.errors import InvalidRequestError

TAGS_MAX: Final = 8
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,63}", re.ASCII)

Tags = dict[str, str]


def parse_tag_name(name: str) -> str:
    """Accept a tag's name, or raise ValueError."""
    if _NAME.fullmatch(name) is None:
        message = f"{name[:40]!r} is not a tag name such as cost_center"
        raise ValueError(message)
    return name


def is_tag(value: str) -> bool:
    """Tell whether a value may be a tag's."""
    return _VALUE.fullmatch(value) is not None


def parse_tag(value: str) -> str:
    """Accept a tag's value, or raise ValueError: it stays in the log for ever, so no free text."""
    if not is_tag(value):
        message = f"{value[:40]!r} is not a short code of at most 64 letters, digits and _.:/@-"
        raise ValueError(message)
    return value


def tags_of(metadata: Mapping[str, str] | None, names: Collection[str]) -> Tags:
    """Pick the tags out of a call's metadata, or raise InvalidRequestError for a malformed one."""
    tags: Tags = {}
    for name in names if metadata else ():
        if metadata and (value := metadata.get(name)) is not None:
            try:
                tags[name] = parse_tag(value)
            except ValueError as error:
                path = f"metadata.{name}"
                raise InvalidRequestError(f"Invalid value for '{path}': {error}.", path) from None
    return tags
