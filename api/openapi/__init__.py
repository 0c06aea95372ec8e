"""The customer's own API, `/openapi/v1`: one file a resource."""
