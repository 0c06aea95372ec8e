"""A catalogue with a model of every kind, aliases, a price list and resources."""

from api.catalog.file import Configured, parse_catalog

CATALOG = """
currency = "USD"
[[providers]]
name = "one"
protocol = "sandbox"
region = "eu"
[[providers]]
name = "two"
protocol = "sandbox"
region = "us"

[[models]]
id = "vendor/small"
context_tokens = 32768
max_output_tokens = 8192
owned_by = "vendor"
tags = ["fast", "cheap", "fast"]
capabilities = ["tools"]
price = { input = "1", output = "2" }
[[models.routes]]
provider = "one"
model = "sandbox-small"
[[models.routes]]
provider = "two"
model = "sandbox-small"

[[models]]
id = "large"
context_tokens = 131072
max_output_tokens = 16384
owned_by = "vendor"
tier = "premium"
tags = ["fast"]
capabilities = ["images", "tools"]
list_price = { input = "10", output = "20" }
discount = "0.60"
[[models.routes]]
provider = "two"
model = "sandbox-large"

[[models]]
id = "vectors"
kind = "embeddings"
context_tokens = 8192
price = { input = "0.02" }
[[models.routes]]
provider = "one"
model = "sandbox-embedding"

[[models]]
id = "completer"
kind = "completions"
context_tokens = 8192
max_output_tokens = 1024
price = { input = "1", output = "2" }
[[models.routes]]
provider = "one"
model = "sandbox-small"

[[models]]
id = "partners-only"
context_tokens = 8192
max_output_tokens = 1024
tags = ["partners"]
[[models.routes]]
provider = "one"
model = "sandbox-small"

[[models]]
id = "unpriced"
context_tokens = 8192
max_output_tokens = 1024
[[models.routes]]
provider = "one"
model = "sandbox-small"

[[aliases]]
id = "any/chat"
models = ["large", "vendor/small", "partners-only"]
[[aliases]]
id = "nothing-yet"
models = ["unpriced"]

[[price_lists]]
name = "partners"
discount = "0.50"
[[price_lists.prices]]
model = "partners-only"
price = { input = "3", output = "4" }

[[resources]]
id = "tools/search"
type = "mcp_server"
name = "Search"
description = "Looks things up."
url = "https://mcp.example.com/sse"
version = "1.2.0"
tags = ["fast", "web"]
models = ["vendor/small", "partners-only", "any/chat"]
[[resources]]
id = "summaries"
type = "skill"
name = "Summaries"
"""
CHAT_PATHS = [
    "/v1/chat/completions",
    "/openai/v1/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/api/v1/services/aigc/text-generation/generation",
    "/api/v1/services/aigc/multimodal-generation/generation",
    "/v1/completions",
]


def assortment() -> Configured:
    return parse_catalog(CATALOG, {}, file="assortment")
