"""Rate limits over several workers: the library's algorithm on the database's rows."""
