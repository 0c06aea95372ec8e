"""The statement of one wallet's month: drawn from read models, and written as text, table, page."""
