"""One technology each, implementing the domain's ports."""
