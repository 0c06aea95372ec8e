"""Who every event of the admin API names: there is one token, so there is one operator."""

from typing import Final

ACTOR: Final = "operator"
