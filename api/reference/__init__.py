"""The reference as it is served: built from the routes themselves, so that it cannot lag behind."""
