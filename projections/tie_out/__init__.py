"""The supplier tie-out: what we metered against what suppliers report, by day, model, credential.

All of it is a function of rows: no order, no clock, and whole numbers only.
"""
