"""Rate cards with everything that they can say, and usages of everything that is metered."""

from hypothesis import strategies as st

from domain.pricing import RateCard, Ratio, ServiceTier, Step, ratio_of
from domain.usage import METERED
from tests.strategies import any_cards, prices

SHARE_PLACES = 10**9
TIERS = ("flex", "priority")

ratios: st.SearchStrategy[Ratio] = st.one_of(
    st.sampled_from([(1, 1), (3, 5), (1, 2), (0, 1), (7, 4)]),
    st.integers(0, 3 * SHARE_PLACES).map(lambda n: ratio_of(n, SHARE_PLACES)),
)
"""What of list prices is paid: any decimal of nine places."""

few_prices = st.dictionaries(st.sampled_from(("input", "output", "web_search")), prices)
"""So few components that what is said of one is often said again."""

steps = st.lists(
    st.tuples(st.integers(1, 10**6), few_prices), max_size=2, unique_by=lambda step: step[0]
).map(lambda found: tuple(Step(tokens, prices) for tokens, prices in sorted(found, key=_tokens)))
tiers = st.one_of(
    st.builds(ServiceTier, multiplier=ratios),
    st.builds(ServiceTier, prices=few_prices, above=steps),
)
full_cards = st.builds(
    RateCard,
    prices=any_cards,
    multiplier=ratios,
    above=steps,
    tiers=st.dictionaries(st.sampled_from(TIERS), tiers),
)
full_usages = st.dictionaries(st.sampled_from(METERED), st.integers(0, 10**6))


def _tokens(step: tuple[int, dict[str, int]]) -> int:
    return step[0]
