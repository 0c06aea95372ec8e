"""GET /openapi/v1/model-tags: the tags of the models that this customer can see."""

from fastapi import APIRouter, Request, Response

from api.document.operation import documented
from api.envelope import success
from api.openapi.answers.models import TagsAnswer
from api.openapi.caller import Caller
from api.openapi.models import entries_for
from api.openapi.query import Query

router = APIRouter()


@router.get("/model-tags", **documented(TagsAnswer))
async def list_tags(request: Request, caller: Caller) -> Response:
    """List tags by name, each with the models that carry it."""
    Query(request, ())
    tagged: dict[str, list[str]] = {}
    for entry in await entries_for(request, caller):
        for tag in entry.tags:
            tagged.setdefault(tag, []).append(entry.id)
    items = [
        {"tag": tag, "count": len(models), "models": models}
        for tag, models in sorted(tagged.items())
    ]
    return success(request, {"items": items})
