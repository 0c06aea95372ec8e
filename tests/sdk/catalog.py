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

_PROVIDER = """
[[providers]]
name = "{name}"
protocol = "openai"
base_url = "{url}"
api_key_env = "SCRIPTED_API_KEY"
"""
_MODEL = """
[[models]]
id = "{id}"
kind = "chat"
context_tokens = {context}
max_output_tokens = {output}
price = {{ {price} }}
"""
_ROUTE = """
[[models.routes]]
provider = "{provider}"
model = "{model}"
cost = {{ input = "0.11", output = "0.22" }}
"""


def catalog(**urls: str) -> str:
    """Write the file for providers at these addresses, without the models they do not serve."""
    parts = ['currency = "USD"']
    parts += [_PROVIDER.format(name=name, url=url) for name, url in urls.items()]
    for model, prices in PRICES.items():
        routes = ROUTES.get(model, ("scripted",))
        if not set(routes) <= urls.keys():
            continue
        context, output = LIMITS.get(model, (128_000, 16_384))
        price = ", ".join(f'{name} = "{amount}"' for name, amount in prices.items())
        parts.append(_MODEL.format(id=model, context=context, output=output, price=price))
        name = f"upstream-{model.rpartition('/')[2]}"
        parts += [_ROUTE.format(provider=provider, model=name) for provider in routes]
    return "".join(parts)
