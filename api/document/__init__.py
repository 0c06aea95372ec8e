"""The reference of the management APIs: what each route takes and answers, in OpenAPI 3.1."""
