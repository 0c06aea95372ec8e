"""Histories that go over months: closed one after the other, in several zones, with late items."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from domain.close_month import Document, change_time_zone, close_month, issue_statement
from domain.errors import GatewayError
from domain.reserve_call import ReserveCall
from tests.projections.history import LIFE, Happening, History

GRACE = timedelta(hours=12)
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati")


class Months(History):
    """A shop whose months end."""

    def live(self, steps: int) -> None:
        """Let so many things happen, some of which are refused."""
        self.happen(steps, LIFE + MORE)

    def open_months(self, steps: int) -> None:
        """Let time pass and close nothing."""
        self.happen(steps, [*LIFE, (_leap, 5)])

    def call(self, tokens: int = 10, cap: int = 20, **changes: object) -> ReserveCall:
        tags = self.random.choice([{}, {}, {"cost_center": "blue"}, {"cost_center": "red"}])
        return super().call(tokens, cap, **{"tags": tags, **changes})

    def close(self) -> int | None:
        """Close the next month of the customer's wallet; gives its statement's number."""
        wallet_id = self.who.wallet_id
        period = self.wallet.calendar.next_to_close
        return self.do(close_month(wallet_id, period, grace=GRACE, actor="operator"))

    def close_all(self) -> None:
        """Close whatever can be closed, of everyone."""
        for who in self.everyone:
            self.who = who
            with suppress(GatewayError):
                while True:
                    self.close()

    def issue(self, wallet_id: UUID, period: str, document: Document) -> str:
        return self.do(issue_statement(wallet_id, period, document))

    def move_to(self, zone: str) -> str:
        """Cut the customer's months elsewhere."""
        return self.do(change_time_zone(self.who.wallet_id, zone=zone, actor="operator"))


def _leap(shop: History) -> None:
    shop.tick(days=shop.random.choice([1, 9, 20]), hours=shop.random.choice([0, 5, 13]))


def _close(shop: History) -> None:
    assert isinstance(shop, Months)
    shop.close()


def _issue(shop: History) -> None:
    assert isinstance(shop, Months)
    number = shop.close()
    assert number is not None
    calendar = shop.wallet.calendar
    shop.issue(shop.wallet.id, calendar.closed, Document(number, 1, None, "0" * 64))


def _zone(shop: History) -> None:
    assert isinstance(shop, Months)
    shop.move_to(shop.random.choice(ZONES))


MORE: list[Happening] = [(_leap, 2), (_close, 3), (_issue, 1), (_zone, 1)]
