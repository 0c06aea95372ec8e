"""Query parameters, checked strictly: whatever is unknown or absurd is a 422 that names it."""

import re
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import Request

from api.errors import InvalidFieldError
from domain import ids
from domain.periods import parse_month
from domain.tags import parse_tag, parse_tag_name
from projections.pages import LIMIT_MAX, CursorError

LIMIT_DEFAULT: Final = 50
DAYS_MAX: Final = 366
TEXT_MAX: Final = 200
REPEATABLE: Final = frozenset({"tag"})
_YEARS: Final = range(2000, 2200)
_DIGITS: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_DATE: Final = len("2026-11-20")


class Times(NamedTuple):
    """A stretch of time; its beginning is included, its end is not, and either may be open."""

    since: datetime | None
    until: datetime | None


class Days(NamedTuple):
    """Whole days of UTC; the first is included, the one named last is not."""

    since: date
    until: date


class Query:
    """The query of a request that may have these parameters and no others."""

    def __init__(self, request: Request, names: Collection[str]) -> None:
        self._asked = request.query_params
        for name, _ in self._asked.multi_items():
            if name not in names:
                raise InvalidFieldError(f"There is no parameter '{name}'.", name)
            if name not in REPEATABLE and len(self._asked.getlist(name)) > 1:
                raise InvalidFieldError(f"'{name}' is given more than once.", name)

    def text(self, name: str) -> str | None:
        """Read a short printable text."""
        text = self._asked.get(name)
        if text is not None and not (0 < len(text) <= TEXT_MAX and text.isprintable()):
            message = f"'{name}' must be a text of 1 to {TEXT_MAX} printable characters."
            raise InvalidFieldError(message, name)
        return text

    def texts(self, name: str) -> set[str]:
        """Read every one of a parameter that may be repeated."""
        texts = {*self._asked.getlist(name)}
        if not all(0 < len(text) <= TEXT_MAX and text.isprintable() for text in texts):
            message = f"'{name}' must be texts of 1 to {TEXT_MAX} printable characters."
            raise InvalidFieldError(message, name)
        return texts

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Read one of a few words."""
        text = self._asked.get(name)
        if text is not None and text not in choices:
            raise InvalidFieldError(f"'{name}' must be one of {', '.join(choices)}.", name)
        return text

    def id(self, name: str, prefix: str) -> UUID | None:
        """Read an id of a kind."""
        text = self._asked.get(name)
        if text is None:
            return None
        found = ids.parse_public(prefix, text)
        if found is None:
            raise InvalidFieldError(f"'{name}' must be an id such as {prefix}_….", name)
        return found

    def limit(self, default: int = LIMIT_DEFAULT) -> int:
        """Read how many items a page is to have."""
        text = self._asked.get("limit")
        if text is None:
            return default
        if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= LIMIT_MAX:
            raise InvalidFieldError(f"'limit' must be from 1 to {LIMIT_MAX}.", "limit")
        return int(text[:9])

    @property
    def cursor(self) -> str | None:
        """Where the page before ended; only the list itself can tell whether it is its own."""
        return self._asked.get("cursor")

    def month(self, name: str = "month") -> str | None:
        """Read a month such as 2026-11."""
        text = self._asked.get(name)
        if text is None:
            return None
        try:
            month = parse_month(text)
        except ValueError:
            month = ""
        if not month or int(month[:4]) not in _YEARS:
            raise InvalidFieldError(f"'{name}' must be a month such as 2026-11.", name)
        return month

    def time(self, name: str) -> datetime | None:
        """Read a time with its zone, or a date, which is its midnight in UTC.

        A plus sign that a query made a space is meant as a plus.
        """
        text = self._asked.get(name)
        if text is None:
            return None
        try:
            time = _day(text) or datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            time = None
        if time is None or time.tzinfo is None or time.year not in _YEARS:
            message = f"'{name}' must be a date, or a time with a zone, as in RFC 3339."
            raise InvalidFieldError(message, name)
        return time.astimezone(UTC)

    def times(self) -> Times:
        """Read `from` and `to`, of which the second must be later."""
        since, until = self.time("from"), self.time("to")
        if since is not None and until is not None and since >= until:
            raise InvalidFieldError("'to' must be later than 'from'.", "to")
        return Times(since, until)

    def days(self, today: date, default: int) -> Days:
        """Read `from` and `to` as whole days of UTC; without them the last ones, today included."""
        times = self.times()
        until = self._midnight(times.until, "to") or today + timedelta(days=1)
        since = self._midnight(times.since, "from") or until - timedelta(days=default)
        if since >= until:
            raise InvalidFieldError("'from' must be before 'to'.", "from")
        if until - since > timedelta(days=DAYS_MAX):
            raise InvalidFieldError(f"'from' must be at most {DAYS_MAX} days before 'to'.", "from")
        return Days(since, until)

    def tags(self) -> Mapping[str, str]:
        """Read every `tag=name:value`; a call must carry them all."""
        tags: dict[str, str] = {}
        for text in self._asked.getlist("tag"):
            name, _, value = text.partition(":")
            try:
                parse_tag_name(name)
                parse_tag(value)
            except ValueError:
                message = "'tag' must be a name and a value such as cost_center:berlin."
                raise InvalidFieldError(message, "tag") from None
            if tags.setdefault(name, value) != value:
                message = f"'tag' asks for two values of {name}, and a call has one."
                raise InvalidFieldError(message, "tag")
        return tags

    @staticmethod
    def _midnight(time: datetime | None, name: str) -> date | None:
        if time is None:
            return None
        if time != _day(time.date().isoformat()):
            raise InvalidFieldError(f"'{name}' must be a whole day of UTC.", name)
        return time.date()


@contextmanager
def own_cursors() -> Generator[None]:
    """Refuse a cursor that this list never handed out."""
    try:
        yield
    except CursorError as error:
        raise InvalidFieldError(str(error), "cursor") from None


def _day(text: str) -> datetime | None:
    """Read a date as its midnight in UTC, or None for what is more than a date."""
    if len(text) != _DATE:
        return None
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
