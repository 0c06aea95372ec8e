"""What a statement reads: rows of one wallet and month that no later fact changes."""

from typing import Final, LiteralString

from projections.metered import SUMS

PLACES: Final = """
    SELECT min(position), max(position) FROM read.projection_positions WHERE name = ANY(%s)
"""
ROLLED: Final = """
    SELECT category, CASE WHEN period = %(period)s THEN kind ELSE 'opening' END,
           sum(nanos)::bigint
    FROM read.roll_forward
    WHERE wallet_id = %(wallet_id)s AND period <= %(period)s
      AND (category <> 'absorbed' OR period = %(period)s)
    GROUP BY 1, 2
"""
HOLDS: Final = "SELECT open_holds, reserved FROM read.balances WHERE wallet_id = %s"

_CHARGES: Final[LiteralString] = """
    SELECT model, key_id, tags, sum(charges)::bigint AS calls, -sum(amount)::bigint AS amount,
"""
_BY_MODEL: Final[LiteralString] = """
    FROM read.usage_days
    WHERE wallet_id = %(wallet_id)s AND period = %(period)s
    GROUP BY model, key_id, tags HAVING sum(charges) > 0
    ORDER BY model COLLATE "C", key_id, tags::text COLLATE "C"
"""
CHARGES: Final = _CHARGES + SUMS + _BY_MODEL
LATE: Final = """
    SELECT request_id, model, key_id, created_at, ended_at, -amount AS amount
    FROM read.calls
    WHERE wallet_id = %(wallet_id)s AND period = %(period)s AND status = 'charged'
      AND created_at < %(since)s
    ORDER BY created_position
"""
_ENTRIES: Final[LiteralString] = """
    SELECT entry.position, entry.entry, entry.posted AS amount, entry.request_id,
           entry.correction_id, entry.corrects, entry.created_at, grant_id, lot.category,
           lot.priority, lot.expires_at, lot.reference
    FROM read.transactions AS entry
    LEFT JOIN read.grants AS lot USING (wallet_id, grant_id)
    WHERE wallet_id = %(wallet_id)s AND entry.period = %(period)s
"""
_IN_ORDER: Final[LiteralString] = " ORDER BY entry.position, entry.entry"
RECHARGES: Final = _ENTRIES + " AND entry.type = 'recharge'" + _IN_ORDER
CORRECTIONS: Final = _ENTRIES + " AND entry.type = 'correction'" + _IN_ORDER
VOIDS: Final = _ENTRIES + " AND entry.type = 'void'" + _IN_ORDER
EXPIRIES: Final = """
    SELECT grant_id, lot.category, lot.expires_at, sum(entry.posted)::bigint AS amount
    FROM read.transactions AS entry JOIN read.grants AS lot USING (wallet_id, grant_id)
    WHERE wallet_id = %(wallet_id)s AND entry.period = %(period)s AND entry.type = 'expiry'
    GROUP BY 1, 2, 3 ORDER BY 3, 1
"""
