"""Placeholders: what stands in a prompt for what was masked in it."""

import re
from collections.abc import Callable
from typing import Final

from adapters.masking.span import scan

_LABELS: Final = ("API_KEY", "CARD", "EMAIL", "IBAN", "PHONE", "TERM")
_DIGITS_MAX: Final = 7
PLACEHOLDER: Final = re.compile(rf"\[(?:{'|'.join(_LABELS)})_[1-9][0-9]{{0,{_DIGITS_MAX - 1}}}\]")
_LONGEST: Final = max(map(len, _LABELS)) + len("[_]") + _DIGITS_MAX
_NUMBERED: Final = re.compile(rf"\[(?:{'|'.join(_LABELS)})_[1-9][0-9]{{0,{_DIGITS_MAX - 1}}}")


class Placeholders:
    """The placeholders of one prompt: the same value has the same one wherever it stands."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, int] = {}
        self._taken: set[str] = set()

    def __len__(self) -> int:
        return len(self._values)

    def avoid(self, text: str) -> None:
        """Leave alone what the caller has written that looks like one."""
        if "[" in text:
            self._taken.update(found[0] for found in scan(PLACEHOLDER, text, _LONGEST))

    def of(self, kind: str, value: str) -> str:
        """Give the placeholder of a value."""
        label = kind.upper()
        name = self._names.get((label, value))
        if name is None:
            name = self._names[label, value] = self._next(label)
            self._values[name] = value
        return name

    def _next(self, label: str) -> str:
        while True:
            number = self._numbers[label] = self._numbers.get(label, 0) + 1
            if (name := f"[{label}_{number}]") not in self._taken:
                return name

    def restored(self, text: str, write: Callable[[str], str] = str) -> str:
        """Put the values back; `write` says how a value is written there."""
        if "[" not in text:
            return text
        return PLACEHOLDER.sub(lambda found: self._value(found[0], write), text)

    def _value(self, name: str, write: Callable[[str], str]) -> str:
        value = self._values.get(name)
        return name if value is None else write(value)


def unfinished(text: str) -> int:
    """Tell where a placeholder begins that may go on beyond the text; its length if none does."""
    start = text.rfind("[", -_LONGEST)
    if start < 0:
        return len(text)
    begun = text[start:]
    may = _NUMBERED.fullmatch(begun) or any(f"[{label}_".startswith(begun) for label in _LABELS)
    return start if may else len(text)
