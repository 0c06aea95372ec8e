"""A Merkle tree of hashes, as in RFC 6962 §2.1: SHA-256, leaves begin with 0x00, nodes with 0x01.

A perfect subtree of 2^level leaves is a `Node`: it begins at leaf place << level. What a proof
needs is first named, as ranges of leaves; whoever keeps the hashes then looks them up.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final, NamedTuple

Hash = bytes
HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

STRIDE: Final = 8
"""Every so many levels the nodes are kept: the rest of a proof is at most 255 hashings away."""

_sha256 = hashlib.sha256


class Node(NamedTuple):
    """A perfect subtree."""

    level: int
    place: int


class Range(NamedTuple):
    """Leaves from `start` up to, and without, `stop`."""

    start: int
    stop: int


def hash_leaf(data: bytes) -> Hash:
    """Hash what a leaf stands for."""
    return _sha256(b"\x00" + data).digest()


def hash_node(left: Hash, right: Hash) -> Hash:
    """Hash two subtrees into one."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """The perfect subtrees that a tree consists of, the largest first: all that appending needs.

    There are as many as its size has binary ones, so it grows with the logarithm.
    """

    def __init__(self, size: int = 0, peaks: Iterable[Hash] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        self.completed: list[tuple[Node, Hash]] = []
        """Nodes of every STRIDE-th level, in order, since somebody last emptied the list."""
        assert len(self.peaks) == size.bit_count(), "one peak for each binary one"

    def append(self, leaf: Hash) -> None:
        """Add a leaf; two hashings at most on average."""
        node, level, rest = leaf, 0, self.size
        while rest & 1:
            node = hash_node(self.peaks.pop(), node)
            level, rest = level + 1, rest >> 1
            if not level % STRIDE:
                self.completed.append((Node(level, rest), node))
        self.peaks.append(node)
        self.size += 1

    @property
    def root(self) -> Hash:
        """The tree's hash."""
        return join(self.peaks)


def join(hashes: Sequence[Hash]) -> Hash:
    """Hash perfect subtrees that stand side by side, the largest first, into one."""
    if not hashes:
        return EMPTY_ROOT
    return reduce(lambda right, left: hash_node(left, right), reversed(hashes))


def perfect(span: Range) -> list[Node]:
    """Split a range as it occurs in a tree or a proof into its perfect subtrees."""
    nodes: list[Node] = []
    start, stop = span
    while start < stop:
        level = (stop - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def kept_under(node: Node) -> tuple[int, Range]:
    """Tell which kept nodes a subtree consists of: their level, and the range of their places."""
    up = node.level % STRIDE
    return node.level - up, Range(node.place << up, node.place + 1 << up)


def root_of_perfect(hashes: Sequence[Hash]) -> Hash:
    """Hash a power of two of neighbours of one level into their common node."""
    row = list(hashes)
    assert row, "a subtree has leaves"
    assert len(row).bit_count() == 1, "a perfect subtree"
    while len(row) > 1:
        row = [hash_node(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Name the subtrees that prove a leaf to be in a tree (RFC 6962 §2.1.1), from leaf to root."""
    assert 0 <= index < size, "the leaf is in the tree"
    start, stop = 0, size
    found: list[Range] = []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            found.append(Range(middle, stop))
            stop = middle
        else:
            found.append(Range(start, middle))
            start = middle
    return found[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """Name the subtrees that prove one tree to begin another (RFC 6962 §2.1.2)."""
    assert 0 < first <= second, "a tree with leaves, and one that is not smaller"
    start, stop = 0, second
    found: list[Range] = []
    while first < stop:
        middle = start + _split(stop - start)
        if first <= middle:
            found.append(Range(middle, stop))
            stop = middle
        else:
            found.append(Range(start, middle))
            start = middle
    if start:
        found.append(Range(start, stop))
    return found[::-1]


def includes(leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash) -> bool:
    """Tell whether a path proves a leaf to be in the tree of this root (RFC 9162 §2.1.3.2)."""
    sides = _sides(index, size - 1) if 0 <= index < size else None
    if sides is None or len(sides) != len(path):
        return False
    node = leaf
    for is_left, part in zip(sides, path, strict=True):
        node = hash_node(part, node) if is_left else hash_node(node, part)
    return node == root


def extends(
    first: int, second: int, first_root: Hash, second_root: Hash, path: Sequence[Hash]
) -> bool:
    """Tell whether a path proves one tree to begin another (RFC 9162 §2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    # A tree of a power of two is itself the subtree that the path would begin with.
    parts = list(path) if first & first - 1 else [first_root, *path]
    up = (first & -first).bit_length() - 1
    sides = _sides(first - 1 >> up, second - 1 >> up)
    if len(parts) != 1 + len(sides):
        return False
    before = after = parts[0]
    for is_left, part in zip(sides, parts[1:], strict=True):
        before = hash_node(part, before) if is_left else before
        after = hash_node(part, after) if is_left else hash_node(after, part)
    return (before, after) == (first_root, second_root)


def _sides(place: int, last: int) -> list[bool]:
    """Tell of each part of a path, from below, whether it stands on the left of what is proved."""
    sides: list[bool] = []
    while last:
        is_left = bool(place & 1) or place == last
        while is_left and not place & 1:
            place, last = place >> 1, last >> 1
        sides.append(is_left)
        place, last = place >> 1, last >> 1
    return sides


def _split(width: int) -> int:
    """Give the largest power of two below a width of two or more."""
    return 1 << (width - 1).bit_length() - 1
