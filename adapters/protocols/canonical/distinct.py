"""Names that no two things share, where a protocol takes fewer names than callers give."""

from collections import defaultdict


class Distinct:
    """Hands out names; one that is taken gets a number."""

    def __init__(self, between: str) -> None:
        self._between = between
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = defaultdict(lambda: 1)

    def take(self, plain: str) -> str:
        """Give this name, or the next of its kind that is free; the kind's last number is kept."""
        name = plain
        while name in self._taken:
            self._numbers[plain] += 1
            name = f"{plain}{self._between}{self._numbers[plain]}"
        self._taken.add(name)
        return name
