"""The tree agrees with RFC 6962's own recursion and with an implementation that is not ours."""

import hashlib
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from pymerkle import InmemoryTree, verify_consistency
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof

from domain.merkle import (
    EMPTY_ROOT,
    STRIDE,
    Frontier,
    Hash,
    Node,
    Range,
    consistency_ranges,
    extends,
    hash_leaf,
    hash_node,
    includes,
    inclusion_ranges,
    join,
    kept_under,
    perfect,
    root_of_perfect,
)

SIZES = st.integers(1, 200)
LARGE = [255, 256, 257, 511, 512, 513, 1_000, 4_095, 4_097, 65_537]


def entries(size: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(size)]


def leaves(size: int) -> list[Hash]:
    return [hash_leaf(entry) for entry in entries(size)]


def grown(size: int) -> Frontier:
    frontier = Frontier()
    for leaf in leaves(size):
        frontier.append(leaf)
    return frontier


def mth(hashes: list[Hash]) -> Hash:
    """RFC 6962 §2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hash_node(mth(hashes[:split]), mth(hashes[split:]))


@cache
def kept(size: int) -> dict[Node, Hash]:
    """Every hash that a store keeps."""
    hashes = leaves(size)
    nodes = {Node(0, place): leaf for place, leaf in enumerate(hashes)}
    for level in (STRIDE, 2 * STRIDE):
        for place in range(size >> level):
            nodes[Node(level, place)] = mth(hashes[place << level : place + 1 << level])
    return nodes


def root_of_range(size: int, span: Range) -> Hash:
    """Look a range up as the sealer's store does, through the nodes that are kept."""
    parts = []
    for node in perfect(span):
        level, (start, stop) = kept_under(node)
        parts.append(root_of_perfect([kept(size)[Node(level, p)] for p in range(start, stop)]))
    return join(parts)


def inclusion(size: int, index: int) -> list[Hash]:
    return [root_of_range(size, span) for span in inclusion_ranges(index, size)]


def consistency(size: int, first: int) -> list[Hash]:
    return [root_of_range(size, span) for span in consistency_ranges(first, size)]


def oracle(size: int) -> InmemoryTree:
    tree = InmemoryTree()
    tree.append_entries(entries(size))
    return tree


def test_known_answers() -> None:
    """Those of the Certificate Transparency project for the empty tree and for an empty leaf."""
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")
    assert hash_leaf(b"").hex().startswith("6e340b9cffb37a98")
    assert hash_node(b"", b"") == hashlib.sha256(b"\x01").digest()
    assert Frontier().root == EMPTY_ROOT


@given(SIZES)
def test_a_root_is_that_of_the_recursion_and_of_the_oracle(size: int) -> None:
    assert grown(size).root == mth(leaves(size)) == oracle(size).get_root()


@pytest.mark.parametrize("size", LARGE)
def test_large_roots_are_those_of_the_oracle(size: int) -> None:
    assert grown(size).root == oracle(size).get_root()


@given(SIZES, st.data())
def test_a_proof_of_inclusion_is_the_oracles(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes, tree = leaves(size), oracle(size)

    path = inclusion(size, index)

    assert [hashes[index], *path] == tree.prove_inclusion(index + 1).path
    rule, _ = _inclusion_path_layout(index + 1, size)
    ours = InclusionProof("sha256", True, size, index + 1, rule, [hashes[index], *path])
    ours.verify(hashes[index], tree.get_root(), index=index + 1, size=size)
    assert includes(hashes[index], index, size, path, tree.get_root())


@pytest.mark.parametrize("size", LARGE)
def test_inclusion_is_proved_in_large_trees(size: int) -> None:
    hashes, root = leaves(size), grown(size).root

    for index in {0, 1, size // 3, size // 2, size - 2, size - 1}:
        path = inclusion(size, index)
        assert len(path) <= size.bit_length()
        assert includes(hashes[index], index, size, path, root)


@given(SIZES, st.data())
def test_any_tree_extends_any_prefix_of_it(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size))
    tree = oracle(size)
    before, after = grown(first).root, grown(size).root

    path = consistency(size, first)

    assert extends(first, size, before, after, path)
    verify_consistency(before, after, tree.prove_consistency(first), first, size)


@pytest.mark.parametrize(("first", "second"), [*pairwise(LARGE), (1, 65_537), (256, 65_537)])
def test_large_trees_extend_each_other(first: int, second: int) -> None:
    path = consistency(second, first)

    assert extends(first, second, grown(first).root, grown(second).root, path)


@given(SIZES, st.data())
def test_a_wrong_proof_of_inclusion_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes, root = leaves(size), grown(size).root
    path = inclusion(size, index)
    spoilt = [
        (hashes[index][::-1], index, size, path, root),
        (hashes[index], index, size, path, root[::-1]),
        (hashes[index], index, size, [*path, root], root),
        (hashes[index], size, size, path, root),
        (hashes[index], -1, size, path, root),
    ]
    if path:
        spoilt.append((hashes[index], index, size, path[:-1], root))
        at = data.draw(st.integers(0, len(path) - 1))
        other = [*path[:at], path[at][::-1], *path[at + 1 :]]
        spoilt.append((hashes[index], index, size, other, root))
        elsewhere = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
        spoilt.append((hashes[index], elsewhere, size, path, root))

    assert not any(includes(*proof) for proof in spoilt)


@given(SIZES, st.data())
def test_a_wrong_proof_of_consistency_proves_nothing(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size))
    before, after = grown(first).root, grown(size).root
    path = consistency(size, first)
    spoilt = [
        (first, size, before[::-1], after, path),
        (first, size, before, after[::-1], path),
        (first, size, before, after, [*path, after]),
        (0, size, before, after, path),
        (size + 1, size, before, after, path),
    ]
    if path:
        spoilt.append((first, size, before, after, path[:-1]))
        spoilt.append((first, size, before, after, []))
        at = data.draw(st.integers(0, len(path) - 1))
        other = [*path[:at], path[at][::-1], *path[at + 1 :]]
        spoilt.append((first, size, before, after, other))

    assert not any(extends(*proof) for proof in spoilt)


def test_a_tree_whose_past_was_changed_does_not_extend_it() -> None:
    past, changed = leaves(150), leaves(200)
    changed[77] = hash_leaf(b"another")

    path = [mth(changed[start:stop]) for start, stop in consistency_ranges(150, 200)]

    assert extends(150, 200, mth(changed[:150]), mth(changed), path)
    assert not extends(150, 200, mth(past), mth(changed), path)


@given(st.integers(0, 70_000), st.integers(0, 400))
def test_a_frontier_goes_on_from_its_peaks(size: int, more: int) -> None:
    hashes = [hash_leaf(bytes([n % 256])) for n in range(more)]
    peaks = [hash_leaf(bytes([level])) for level in range(size.bit_count())]
    at_once, in_steps = Frontier(size, peaks), Frontier(size, peaks)

    for leaf in hashes:
        at_once.append(leaf)
        in_steps.append(leaf)
        in_steps = Frontier(in_steps.size, in_steps.peaks)

    assert at_once.root == in_steps.root
    assert at_once.size == size + more


def test_every_eighth_level_is_kept_as_it_is_completed() -> None:
    size = 3 * 65_536
    hashes = leaves(512)
    frontier = Frontier()
    for leaf in hashes:
        frontier.append(leaf)

    assert frontier.completed == [
        (Node(8, 0), mth(hashes[:256])),
        (Node(8, 1), mth(hashes[256:])),
    ]
    frontier = Frontier(size - 1, [b""] * (size - 1).bit_count())
    frontier.append(hashes[0])
    assert [node for node, _ in frontier.completed] == [Node(8, 767), Node(16, 2)]


def test_a_frontier_without_its_peaks_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        Frontier(3, [b""])
    with pytest.raises(AssertionError):
        root_of_perfect([b""] * 3)
    with pytest.raises(AssertionError):
        root_of_perfect([])
