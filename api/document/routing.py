"""A routing policy as it is shown, to customers and operators alike."""

from typing import Annotated

from pydantic import Field

from api.document.answer import Answer


class RolloutAnswer(Answer):
    """Which percentage of the calls that leave the model to us may use this one."""

    model: str
    percent: int


class RoutingPolicyAnswer(Answer):
    """Which models and routes a customer's calls take."""

    customer_id: str
    regions: Annotated[list[str], Field(examples=[["eu"]], description="None: all.")]
    fallback: bool
    retries: int
    rollout: list[RolloutAnswer]
    models: Annotated[list[str], Field(examples=[["gpt-4o-mini"]], description="None: all.")]
