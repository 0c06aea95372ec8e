"""The sweep: ends what has run out, so that nothing stays open because nobody came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.api_key import ApiKey
from domain.inference_request import InferenceRequest
from domain.ports import Books
from domain.wallet import Wallet


@dataclass(frozen=True, slots=True)
class SweepWallet:
    """End a wallet's due holds and grants, and everything else that those holds were open on.

    The caller names suspects; which of them are due is decided here, under the lock.
    Returns how many calls ended with an unknown outcome.
    """

    wallet_id: UUID
    key_ids: tuple[UUID, ...] = ()
    request_ids: tuple[UUID, ...] = ()

    @property
    def ids(self) -> Sequence[UUID]:
        """The wallet, the keys and the suspects."""
        return (self.wallet_id, *self.key_ids, *self.request_ids)

    def decide(self, books: Books) -> int:
        """Expire on the wallet, then on the keys, then give up the calls."""
        wallet = books.find(Wallet, self.wallet_id)
        if wallet is None:
            return 0
        wallet.expire(books.at)
        for key_id in self.key_ids:
            if key := books.find(ApiKey, key_id):
                key.expire(books.at)
        lost = 0
        for request_id in self.request_ids:
            request = books.find(InferenceRequest, request_id)
            if request is None or request.wallet_id != self.wallet_id.hex:
                continue
            if request.open and request_id.hex not in wallet.holds:
                request.lose(books.at)
                lost += 1
        return lost
