"""What an API key's facts add up to: its terms, and what it has spent and holds by window."""

from dataclasses import asdict, dataclass
from datetime import datetime

from domain import api_key_events as facts
from domain.aggregate import Recorded, State, parse_time
from domain.deadlines import Deadlines
from domain.grants import NEVER
from domain.key_terms import KeyTerms
from domain.limits import Limits
from domain.money import Nanos
from domain.quota import NONE, Quota


@dataclass(slots=True)
class CountedHold:
    """A hold as the quota sees it, in nanos."""

    amount: Nanos
    window: str
    expires_at: datetime


class ApiKeyState(Recorded):
    """The state, and how each fact changes it; no rules."""

    SNAPSHOT_VERSION = 4

    def __init__(self) -> None:
        self.customer_id = ""
        self.wallet_id = ""
        self.name_id: str | None = None
        self.credential_id: str | None = None
        self.retiring_id: str | None = None
        self.allowed_models: list[str] = []
        self.allowed_providers: list[str] = []
        self.quota_amount: Nanos | None = None
        self.quota_window = NONE
        self.permissions: list[str] = []
        self.tags: dict[str, str] = {}
        self.expires_at: datetime | None = None
        self.disabled = False
        self.created_at: datetime | None = None
        self.disabled_at: datetime | None = None
        self.used_at: datetime | None = None
        self.alerted: tuple[str, list[int]] = ("", [])
        self.spent: dict[str, Nanos] = {}
        self.held: dict[str, Nanos] = {}
        self.holds: dict[str, CountedHold] = {}
        self.limit_terms: dict[str, int | None] = {}
        self._due = Deadlines()

    @property
    def limits(self) -> Limits:
        """How much a minute and how many at once it may call."""
        return Limits(**self.limit_terms)

    @property
    def quota(self) -> Quota | None:
        """How much it may spend, and in which window."""
        amount = self.quota_amount
        return None if amount is None else Quota(amount, self.quota_window)

    @property
    def terms(self) -> KeyTerms:
        """What it may do."""
        return KeyTerms(
            allowed_models=tuple(self.allowed_models),
            allowed_providers=tuple(self.allowed_providers),
            permissions=tuple(self.permissions),
            quota=self.quota,
            expires_at=self.expires_at,
            tags=self.tags,
            limits=self.limits,
        )

    def when_created(self, fact: facts.Created) -> None:
        """Take what the key was created with."""
        for name in ("customer_id", "wallet_id", "quota_amount", "quota_window", "expires_at"):
            setattr(self, name, getattr(fact, name))
        for name in ("allowed_models", "allowed_providers", "permissions"):
            setattr(self, name, list(getattr(fact, name)))
        self.tags = dict(fact.tags)
        self.credential_id = fact.credential_id
        self.created_at = fact.timestamp

    def when_changed(self, fact: facts.Changed) -> None:
        """Take the whole terms; what was spent and held stays where it was counted."""
        for name in ("quota_amount", "quota_window", "expires_at"):
            setattr(self, name, getattr(fact, name))
        for name in ("allowed_models", "allowed_providers", "permissions"):
            setattr(self, name, list(getattr(fact, name)))
        self.tags = dict(fact.tags)

    def when_renamed(self, fact: facts.Renamed) -> None:
        """Go by the text of that id."""
        self.name_id = fact.name_id

    def when_rotated(self, fact: facts.Rotated) -> None:
        """Open to another secret; the one before may live on for a while."""
        self.retiring_id = fact.replaces
        self.credential_id = fact.credential_id

    def when_reserved(self, fact: facts.Reserved) -> None:
        """Count the hold in its window."""
        self.used_at = fact.timestamp
        hold = CountedHold(fact.amount, fact.window, fact.expires_at)
        self.holds[fact.request_id] = hold
        self._due.add(fact.request_id, hold.expires_at)
        self.held[fact.window] = self.held.get(fact.window, 0) + fact.amount

    def when_charged(self, fact: facts.Charged) -> None:
        """Move the amount from held to spent."""
        self._uncount(fact.request_id)
        self.spent[fact.window] = self.spent.get(fact.window, 0) + fact.amount

    def when_released(self, fact: facts.Released) -> None:
        """Forget the hold."""
        self._uncount(fact.request_id)

    def when_hold_expired(self, fact: facts.HoldExpired) -> None:
        """Forget the hold."""
        self._uncount(fact.request_id)

    def when_corrected(self, fact: facts.Corrected) -> None:
        """Move what was spent."""
        self.spent[fact.window] = self.spent.get(fact.window, 0) - fact.amount

    def when_quota_alert_raised(self, fact: facts.QuotaAlertRaised) -> None:
        """Say no more of it in this window; what was said in earlier ones is over."""
        before = self.alerted[1] if self.alerted[0] == fact.window else []
        self.alerted = (fact.window, [*before, fact.percent])

    def when_disabled(self, fact: facts.Disabled) -> None:
        """Stop."""
        self.disabled = True
        self.disabled_at = fact.timestamp

    def when_limits_changed(self, fact: facts.LimitsChanged) -> None:
        """Take the whole set."""
        self.limit_terms = {name: getattr(fact, name) for name in Limits.__slots__}

    def to_state(self) -> State:
        """Write the counted holds as plain JSON values."""
        state = super().to_state()
        state["holds"] = {request_id: asdict(hold) for request_id, hold in self.holds.items()}
        return state

    def restore(self, state: State) -> None:
        """Take back the counted holds in order of time."""
        holds = state.pop("holds")
        super().restore(state)
        for name in ("expires_at", "created_at", "disabled_at", "used_at"):
            setattr(self, name, parse_time(state[name]))
        window, percents = self.alerted
        self.alerted = (window, percents)
        for request_id, hold in holds.items():
            counted = CountedHold(**hold)
            counted.expires_at = parse_time(hold["expires_at"]) or NEVER
            self.holds[request_id] = counted
            self._due.add(request_id, counted.expires_at)

    def _uncount(self, request_id: str) -> None:
        hold = self.holds.pop(request_id, None)
        if hold is None:
            return
        self._due.discard(request_id, hold.expires_at)
        self.held[hold.window] = self.held.get(hold.window, 0) - hold.amount
        if not self.held[hold.window]:
            del self.held[hold.window]
