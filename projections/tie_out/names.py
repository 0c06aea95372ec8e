"""Whose name for a model or a credential is whose: every rule is listed with what it did.

A dated snapshot such as gpt-4o-mini-2024-07-18 is what a supplier bills when gpt-4o-mini is called.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

EXACT, GIVEN, SNAPSHOT, BASE, MERGED, ONLY, NONE = (
    "exact", "given", "snapshot", "base", "merged", "only_one", "none",
)  # fmt: skip
"""Rules: the same name, the operator's word, theirs is dated, ours is dated, ours are one and the
same to them, the only credential there is, and nothing found."""

_DATED: Final = re.compile(r"(.+?)[-@](20[0-9]{2}-[0-9]{2}-[0-9]{2}|20[0-9]{6}|latest)", re.ASCII)


class Renamed(NamedTuple):
    """A name of theirs (or of ours), what it is matched under, and by which rule."""

    side: str
    name: str
    matched_as: str
    rule: str


@dataclass(frozen=True, slots=True)
class Names:
    """What each side's names are matched under."""

    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    listed: tuple[Renamed, ...]


def base_of(model: str) -> str:
    """Drop the date of a snapshot."""
    match = _DATED.fullmatch(model)
    return match[1] if match else model


def match_models(ours: Collection[str], theirs: Collection[str], given: Mapping[str, str]) -> Names:
    """Find for each of their models the one of ours that it is."""
    found = {name: _model(name, ours, given) for name in theirs}
    merged = _merged(set(ours), {name: target for name, (target, _) in found.items()})
    listed = [
        Renamed("theirs", name, merged.get(target, target), MERGED if target in merged else rule)
        for name, (target, rule) in found.items()
    ]
    listed += [Renamed("ours", name, target, MERGED) for name, target in merged.items()]
    return Names(
        {name: merged.get(name, name) for name in ours},
        {name: merged.get(target, target) for name, (target, _) in found.items()},
        tuple(sorted(listed)),
    )


def match_credentials(
    ours: Collection[str], theirs: Mapping[str, Collection[str]], given: Mapping[str, str]
) -> Names:
    """Find whose credential is whose; `theirs` are those that each kind of report names.

    A report that names one credential, or none, can only speak of the one that we have there.
    """
    only = next(iter(ours)) if len(set(ours)) == 1 else None
    found: dict[str, tuple[str, str]] = {}
    for names in theirs.values():
        for name in names:
            if name in given:
                found[name] = (given[name], GIVEN)
            elif name in ours:
                found[name] = (name, EXACT)
            elif only is not None and (not name or len(set(names)) == 1):
                found[name] = (only, ONLY)
            else:
                found.setdefault(name, (name, NONE))
    listed = [Renamed("theirs", name, *target) for name, target in found.items()]
    matched = {name: target for name, (target, _) in found.items()}
    return Names({name: name for name in ours}, matched, tuple(sorted(listed)))


def _model(name: str, ours: Collection[str], given: Mapping[str, str]) -> tuple[str, str]:
    if name in given:
        return given[name], GIVEN
    if name in ours:
        return name, EXACT
    base = base_of(name)
    if base in ours:
        return base, SNAPSHOT
    dated = [own for own in set(ours) if base_of(own) == base]
    if len(dated) == 1:
        return dated[0], BASE
    return name, NONE


def _merged(ours: set[str], found: Mapping[str, str]) -> dict[str, str]:
    """Find names of ours that they do not tell apart: all they bill has the snapshot's name."""
    reached = set(found.values())
    return {
        name: base_of(name)
        for name in ours
        if name != base_of(name) and base_of(name) in ours - reached and name in reached
    }
