"""FOCUS: the FinOps foundation's table of cost and usage, for prepaid credit."""
