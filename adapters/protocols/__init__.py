"""One codec per wire protocol."""
