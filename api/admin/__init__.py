"""The operator's API: customers, credit, keys and corrections."""
