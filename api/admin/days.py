"""Query parameters of the operator's reports: a span of UTC days, words and lists of words."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, NamedTuple

from fastapi import Request

from api.errors import InvalidFieldError
from domain.periods import next_month, parse_month

DAYS_MAX: Final = 400
"""More than a year: longer spans are asked for in parts."""
FIRST, LAST = date(2015, 1, 1), date(2100, 1, 1)
SPAN: Final = ("from", "to", "month")
"""The parameters that name a span of days."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Days(NamedTuple):
    """A span of days; the first is included and the last is not."""

    since: date
    until: date


class ReportQuery:
    """The query of a report; each parameter at most once, and none that is not named here."""

    def __init__(self, request: Request, names: Collection[str]) -> None:
        self._asked = request.query_params
        for name, _ in self._asked.multi_items():
            if name not in names:
                raise InvalidFieldError(f"There is no parameter '{name[:100]}'.", name[:100])
            if len(self._asked.getlist(name)) > 1:
                raise InvalidFieldError(f"'{name}' is given more than once.", name)

    def text(self, name: str) -> str | None:
        """Give a parameter as it is."""
        return self._asked.get(name)

    def words(self, name: str) -> list[str]:
        """Read words between commas; none, if the parameter is not there."""
        text = self._asked.get(name)
        return [] if text is None else text.split(",")

    def pairs(self, name: str) -> Mapping[str, str]:
        """Read `theirs=ours` between commas."""
        found: dict[str, str] = {}
        for word in self.words(name):
            theirs, equals, ours = word.partition("=")
            if not equals or not theirs or not ours or theirs in found:
                raise InvalidFieldError(f"'{name}' must be theirs=ours, each of theirs once.", name)
            found[theirs] = ours
        return found

    def days(self) -> Days:
        """Read `from` and `to`, of which the latter is not included, or a `month`."""
        month = self._asked.get("month")
        if month is not None:
            return self._month(month)
        since, until = self._day("from"), self._day("to")
        if since >= until:
            raise InvalidFieldError("'from' must be before 'to', which is not included.", "from")
        if (until - since).days > DAYS_MAX:
            raise InvalidFieldError(f"At most {DAYS_MAX} days can be asked for at once.", "to")
        return Days(since, until)

    def _month(self, month: str) -> Days:
        if "from" in self._asked or "to" in self._asked:
            raise InvalidFieldError("Give 'month' or 'from' and 'to'.", "month")
        try:
            parsed = parse_month(month)
        except ValueError as error:
            raise InvalidFieldError(f"'month': {error}.", "month") from None
        first, last = f"{parsed}-01", f"{next_month(parsed)}-01"
        return Days(read_day(first, "month"), read_day(last, "month"))

    def _day(self, name: str) -> date:
        text = self._asked.get(name)
        if text is None:
            raise InvalidFieldError(f"'{name}' is missing.", name)
        return read_day(text, name)


def read_day(text: str, name: str) -> date:
    """Read a day that can be one of the books', or raise InvalidFieldError."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST <= day <= LAST:
        raise InvalidFieldError(f"'{name}' must be a day such as 2026-11-20.", name)
    return day
