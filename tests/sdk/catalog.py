"""The catalogue of these tests: its prices as the file spells them, and routes to every fault."""

PRICES = {
    "small": {"input": "0.15", "cached_input": "0.075", "output": "0.60"},
    "vendor/large": {"input": "3", "output": "15"},
    "odd": {"input": "0.123457", "cache_write": "0.300001", "output": "0.7", "reasoning": "0.9"},
    "tiny": {"input": "0.15", "output": "0.60"},
}
# The dearest input and output of each, which is what is held.
DEAREST = {
    "small": ("0.15", "0.60"),
    "vendor/large": ("3", "15"),
    "odd": ("0.300001", "0.9"),
    "tiny": ("0.15", "0.60"),
}
LIMITS = {"tiny": (1000, 800)}
ROUTED_PRICE = {"input": "1", "output": "2"}
# One model for each test of failover: a cool-down belongs to a model's route.
ROUTES = {
    "after-500": ("first", "second"),
    "after-429": ("first", "second"),
    "after-refusal": ("dead", "second"),
    "after-silence": ("first", "second"),
    "after-401": ("first", "second"),
    "after-nonsense": ("first", "second"),
    "after-stream-error": ("first", "second"),
    "cooling": ("first", "second"),
    "rejected": ("first", "second"),
    "saturated": ("first", "second"),
    "both-down": ("first", "second"),
    "only-route": ("first",),
    "dead-only": ("dead",),
}
ROUTES |= {f"{model}-stream": routes for model, routes in ROUTES.items() if "after-" in model}
PRICES |= dict.fromkeys(ROUTES, ROUTED_PRICE)
DEAREST |= dict.fromkeys(ROUTES, ("1", "2"))
# Pairs of models under one alias each, in a tier and in regions of their own.
ALIASES = ("routed", "failing", "failing-stream", "filling")
MORE: dict[str, str] = {}
for _alias in ALIASES:
    PRICES[f"{_alias}-dear"], DEAREST[f"{_alias}-dear"] = {"input": "2", "output": "4"}, ("2", "4")
    PRICES[f"{_alias}-cheap"], DEAREST[f"{_alias}-cheap"] = ROUTED_PRICE, ("1", "2")
    ROUTES |= {f"{_alias}-dear": ("second",), f"{_alias}-cheap": ("first",)}
    MORE[f"{_alias}-dear"] = f'tier = "{_alias}"\ncapabilities = ["tools", "images"]'
    MORE[f"{_alias}-cheap"] = f'tier = "{_alias}"\ncapabilities = []'
# Models behind Anthropic's protocol, or called by it; claude_house.py serves them.
CLAUDE = {
    "input": "3",
    "cached_input": "0.3",
    "cache_write_5m": "3.75",
    "cache_write_1h": "6",
    "output": "15",
    "reasoning": "15",
}
CLAUDES = ("claude", "gpt", *(f"two-routes-{number}" for number in range(4)))
EVERY_PRICE = PRICES | dict.fromkeys(CLAUDES, CLAUDE)
DEAREST |= dict.fromkeys(CLAUDES, ("6", "15"))
# Models behind DashScope's protocol, or called by it; qwen_house.py has the file that serves them.
QWEN = {"input": "0.4", "cached_input": "0.08", "output": "1.2", "reasoning": "4"}
QWENS = ("qwen-plus", "qwen-twice", "chat-plus", "qwen-embedding")
EVERY_PRICE |= dict.fromkeys(QWENS, QWEN)
DEAREST |= dict.fromkeys(QWENS, ("0.4", "4"))
# Models that complete, chat and embed; text_house.py has the file that serves them.
TEXT = {"input": "0.5", "output": "1.5", "reasoning": "1.5"}
VECTORS = {"input": "0.02"}
EVERY_PRICE |= dict.fromkeys(("completes", "chats", "boxed"), TEXT)
EVERY_PRICE |= dict.fromkeys(("embeds", "boxed-embeds"), VECTORS)
DEAREST |= dict.fromkeys(("completes", "chats", "boxed"), ("0.5", "1.5"))
DEAREST |= dict.fromkeys(("embeds", "boxed-embeds"), ("0.02", "0"))
REGIONS = {"first": "eu", "second": "us"}

_PROVIDER = """
[[providers]]
name = "{name}"
protocol = "openai"
base_url = "{url}"
api_key_env = "SCRIPTED_API_KEY"
region = "{region}"
"""
_MODEL = """
[[models]]
id = "{id}"
kind = "chat"
context_tokens = {context}
max_output_tokens = {output}
price = {{ {price} }}
{more}
"""
_ROUTE = """
[[models.routes]]
provider = "{provider}"
model = "{model}"
cost = {{ input = "0.11", output = "0.22" }}
"""


_ALIAS = """
[[aliases]]
id = "{alias}"
models = ["{alias}-dear", "{alias}-cheap"]
strategy = "cheapest"
"""


def catalog(**urls: str) -> str:
    """Write the file for providers at these addresses, without the models they do not serve."""
    parts = ['currency = "USD"']
    parts += [
        _PROVIDER.format(name=name, url=url, region=REGIONS.get(name, "here"))
        for name, url in urls.items()
    ]
    for model, prices in PRICES.items():
        routes = ROUTES.get(model, ("scripted",))
        if not set(routes) <= urls.keys():
            continue
        context, output = LIMITS.get(model, (128_000, 16_384))
        price = ", ".join(f'{name} = "{amount}"' for name, amount in prices.items())
        facts = {"context": context, "output": output, "more": MORE.get(model, "")}
        parts.append(_MODEL.format(id=model, price=price, **facts))
        name = f"upstream-{model.rpartition('/')[2]}"
        parts += [_ROUTE.format(provider=provider, model=name) for provider in routes]
    if {"first", "second"} <= urls.keys():
        parts += [_ALIAS.format(alias=alias) for alias in ALIASES]
    return "".join(parts)
