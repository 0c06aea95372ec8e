"""The suppliers' side: the way bytes reach an upstream, and what an upstream answers."""
