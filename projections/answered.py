"""Which model a call is booked under: the one that answered."""

from projections.events import Fields


def model_of(reserved: Fields, charged: Fields) -> str:
    """Name the model that answered, or while none has, the one first held for."""
    model: str = charged.get("model") or reserved["model"]
    return model
