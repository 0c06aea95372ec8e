"""What a request asks for where its protocol has no words for it."""

from collections.abc import Mapping


class PlainRequest:
    """Asks for nothing out of the ordinary; each protocol overrides what its callers can ask."""

    __slots__ = ()

    @property
    def tier(self) -> str | None:
        """The tier that the caller wants for `auto`; None for the standard one."""
        return None

    @property
    def service_tier(self) -> str | None:
        """A way of being served that has a price of its own; None for the usual one."""
        return None

    @property
    def extras(self) -> Mapping[str, int]:
        """How often each paid tool may be used at most, by component."""
        return {}

    @property
    def default_cap(self) -> int | None:
        """What output is limited to, in tokens, where the caller says nothing; None: as we do."""
        return None
