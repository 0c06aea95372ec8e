"""The journal: double entry, made from what happened to wallets, payments and suppliers."""
