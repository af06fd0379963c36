"""A stage must not depend on itself: the segments that its rules name may not ask for the stage, by whatever way round."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from customers.models import Persona, StageRule
from customers.ports.segment_guards import Asked
from customers.segments.queries import index
from customers.segments.rules.cycles import leads_back

STAGE, PERSONA = -1, -2
ASKS_STAGE = frozenset({"customer.stage", "stage.since", "stage.previous"})
ASKS_PERSONA = frozenset({"customer.persona", "persona.all"})


def objection(segment_id: int, asked: Asked, graph: dict[int, Asked]) -> str:
    """Why a segment may not have these rules; empty when it may. Registered as the guard of segments."""
    stages, personas = _named()
    return _problem({**graph, segment_id: asked}, stages, personas)


def of_stages(segment_ids: Collection[int]) -> str:
    """Why stage rules may not name these segments."""
    return _problem(_graph(), set(segment_ids), _named()[1])


def of_personas(segment_ids: Collection[int]) -> str:
    """Why personas may not name these segments."""
    return _problem(_graph(), _named()[0], set(segment_ids))


def _graph() -> dict[int, Asked]:
    return {live.id: live.asked for live in index.readable()}


def _named() -> tuple[set[int], set[int]]:
    stages = StageRule.objects.filter(segment__isnull=False).values_list("segment_id", flat=True)
    personas = Persona.objects.filter(segment__isnull=False).values_list("segment_id", flat=True)
    return {int(pk) for pk in stages if pk}, {int(pk) for pk in personas if pk}


def _problem(asked: Mapping[int, Asked], stages: Collection[int], personas: Collection[int]) -> str:
    graph = {key: frozenset({*found.segments, *_virtual(found)}) for key, found in asked.items()}
    graph |= {STAGE: frozenset(stages), PERSONA: frozenset(personas)}
    if leads_back(STAGE, graph[STAGE], graph):
        return _(
            "This would go round in a circle: the journey stage is set by this segment, and its rules ask for the journey"
            " stage. Use what the customer did instead, such as orders, dates or events."
        )
    if leads_back(PERSONA, graph[PERSONA], graph):
        return _(
            "This would go round in a circle: the persona is set by this segment, and its rules ask for the persona."
            " Use what is known about the customer instead."
        )
    return ""


def _virtual(found: Asked) -> set[int]:
    nodes = {STAGE} if found.fields & ASKS_STAGE else set()
    return nodes | ({PERSONA} if found.fields & ASKS_PERSONA else set())
