import pytest

from domain import ids
from domain.credential import Credential, Issued, Revoked
from domain.errors import InvalidApiKeyError
from domain.moment import moment
from tests.domain.purse import TICK, at, clock
from tests.fakes import facts_of, restored, written

SECRET = "tb_0123456789"


def issued() -> Credential:
    return Credential.issue(
        at(0),
        ids.credential_id(SECRET, 0),
        key_id="k",
        wallet_id="w",
        customer_id="c",
        display="tb_01",
    )


def test_a_credential_says_whom_it_speaks_for() -> None:
    credential = issued()

    credential.check_valid(at(0))

    assert (credential.key_id, credential.wallet_id, credential.customer_id) == ("k", "w", "c")
    assert credential.display == "tb_01"


def test_a_credential_never_holds_its_secret() -> None:
    (fact,) = facts_of(Issued, issued().pending_events)

    assert SECRET not in repr(vars(fact))


def test_a_revoked_credential_opens_nothing_and_is_revoked_once() -> None:
    credential = issued()

    credential.revoke(at(1), actor="operator")
    credential.revoke(at(2), actor="operator")

    with pytest.raises(InvalidApiKeyError):
        credential.check_valid(at(1))
    assert len(facts_of(Revoked, credential.pending_events)) == 1


def test_a_credential_comes_back_from_its_snapshot_as_it_was() -> None:
    credential = issued()
    credential.revoke(at(1), actor="operator")

    again = restored(credential)

    assert written(again) == written(credential)
    with pytest.raises(InvalidApiKeyError):
        again.check_valid(at(1))


def test_a_revocation_with_a_grace_begins_at_its_very_instant() -> None:
    credential = issued()

    credential.revoke(at(1), actor="operator", effective_at=clock(5))

    credential.check_valid(moment(clock(5) - TICK))
    with pytest.raises(InvalidApiKeyError):
        credential.check_valid(at(5))


def test_a_grace_is_only_ever_cut_short() -> None:
    credential = issued()

    for ends in (9, 5, 7):
        credential.revoke(at(1), actor="operator", effective_at=clock(ends))

    told = [fact.effective_at for fact in facts_of(Revoked, credential.pending_events)]
    assert told == [clock(9), clock(5)]


def test_no_secret_was_ever_revoked_in_the_past() -> None:
    credential = issued()

    credential.revoke(at(4), actor="operator", effective_at=clock(1))

    (fact,) = facts_of(Revoked, credential.pending_events)
    assert fact.effective_at == clock(4)
