"""An auditor's second opinion: the invariants of ledger-practice §3.2 from event fields alone.

Nothing here uses an aggregate; what they decided is worked out again by another route.
"""
