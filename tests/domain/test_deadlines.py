from datetime import UTC, datetime, timedelta

from domain.deadlines import Deadlines

T0 = datetime(2026, 11, 20, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def deadlines(**seconds: int) -> Deadlines:
    added = Deadlines()
    for key, second in seconds.items():
        added.add(key, at(second))
    return added


def at(second: int) -> datetime:
    return T0 + timedelta(seconds=second)


def test_a_key_is_due_at_its_very_instant_and_not_before() -> None:
    one = deadlines(a=5)

    assert list(one.due(at(5) - TICK)) == []
    assert list(one.due(at(5))) == ["a"]


def test_what_is_due_comes_oldest_first_in_whatever_order_it_was_added() -> None:
    assert list(deadlines(c=3, a=1, d=9, b=2).due(at(3))) == ["a", "b", "c"]


def test_looking_changes_nothing() -> None:
    two = deadlines(a=1, b=2)

    list(two.due(at(2)))

    assert list(two.due(at(2))) == ["a", "b"]


def test_a_discarded_key_is_never_due() -> None:
    three = deadlines(a=1, b=1, c=2)

    three.discard("b", at(1))

    assert list(three.due(at(2))) == ["a", "c"]


def test_discarding_what_is_not_there_changes_nothing() -> None:
    two = deadlines(a=1, b=2)

    for key, second in (("a", 2), ("b", 1), ("z", 1), ("z", 9)):
        two.discard(key, at(second))

    assert list(two.due(at(9))) == ["a", "b"]
