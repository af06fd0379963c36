"""The panel beside the rules: how many match, who for example, what saving would change and start. Nothing is written."""

from dataclasses import dataclass, field
from datetime import datetime

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import number_in, staff
from config.kit.clock import now
from customers.models import Customer, Segment
from customers.queries import brand
from customers.segments import queries
from customers.segments.forms import draft, reading
from customers.segments.forms.builder import said, split
from customers.segments.queries import before_save, counting
from customers.segments.queries.before_save import Question
from customers.segments.queries.counting import Alone, Found
from customers.segments.queries.words import names, sentence
from customers.segments.rules.parse import BadDefinition, Mistake, parse
from customers.segments.rules.tree import EventCount, EventMeasure, Group, Leaf, MessageCount, Orders, Sequence

LIMIT_SECONDS = 10
MANY, ONE_MINUTE = 50_000, 60


@dataclass(slots=True)
class Dear:
    """The condition that takes longest, and what makes it faster."""

    place: str
    text: str
    advice: str


@dataclass(slots=True)
class Shown:
    """What the panel says; `mistakes` are (place, number in the outline, message)."""

    mistakes: list[tuple[str, str, str]] = field(default_factory=list)
    is_slow: bool = False
    seconds: int = LIMIT_SECONDS
    dear: Dear | None = None
    text: str = ""
    total: int = 0
    found: Found = field(default_factory=Found)
    people: list[Customer] = field(default_factory=list)
    entering: list[Customer] = field(default_factory=list)
    leaving: list[Customer] = field(default_factory=list)
    question: Question | None = None
    choice: str = ""
    is_asking: bool = False
    alone: dict[str, Alone] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Matching customers as a part of all, 0 to 1."""
        return min(self.found.count / self.total, 1.0) if self.total else 0.0


@staff("customers.view_segment")
@require_POST
def segment_preview(request: HttpRequest) -> HttpResponse:
    """The panel for the rules on the page."""
    found = draft.from_post(request.POST)
    pk = number_in(request.POST.get("segment_id", ""))
    segment = Segment.objects.filter(pk=pk).first() if pk is not None else None
    each = request.POST.get("do") == "count-each"
    found = found if "rules" in found else draft.new()
    context = {"preview": shown(request.POST, found, segment, brand.current().currency, each=each)}
    return render(request, "customers/segments/partials/segment_preview.html", context)


def answer(post: QueryDict) -> tuple[str, int]:
    """What was chosen about telling journeys, and the number of customers that was said yes to."""
    return post.get("announce", ""), number_in(post.get("confirmed", "")) or 0


def shown(
    post: QueryDict, found: draft.Draft, segment: Segment | None, currency: str, *, each: bool = False,
    asked: Question | None = None,
) -> Shown:  # fmt: skip
    """Everything the panel says about a draft. `asked` is the question that saving stopped at."""
    try:
        tree = parse(reading.to_definition(found, currency))
    except BadDefinition as error:
        return Shown(mistakes=_mistakes(error.mistakes))
    at, panel = now(), Shown(text=queries.describe(tree), choice=answer(post)[0], is_asking=asked is not None)
    is_compared = segment is not None and segment.refreshed_at is not None
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            panel.found = counting.look(tree, at, segment.pk if segment and is_compared else None)
        panel.total = _total()
        _introduce(panel)
    except sql.TookTooLong:
        panel.is_slow, panel.dear = True, _dear(tree, at)
    if segment is not None and is_compared:
        panel.question = asked or before_save.question(segment, tree, at)
    if each:
        panel.alone = counting.alone(tree, at, LIMIT_SECONDS)
    return panel


def _mistakes(mistakes: list[Mistake]) -> list[tuple[str, str, str]]:
    places = [(*split(mistake.path), mistake.message) for mistake in mistakes]
    found = [(place, _numbered(place), said(message, inside)) for place, inside, message in places]
    return list(dict.fromkeys(found))[:5]


def _numbered(place: str) -> str:
    return ".".join(str(int(step) + 1) for step in place.split(".")[1:])


def _introduce(panel: Shown) -> None:
    """The customers behind the ids, all of them in one query."""
    found = panel.found
    ids = {*found.sample, *found.enter_sample, *found.leave_sample}
    people = {customer.pk: customer for customer in Customer.objects.filter(pk__in=ids).select_related("facts")}
    panel.people = [people[pk] for pk in found.sample if pk in people]
    panel.entering = [people[pk] for pk in found.enter_sample if pk in people]
    panel.leaving = [people[pk] for pk in found.leave_sample if pk in people]


def _total() -> int:
    """All customers; remembered for a minute where counting them costs something."""
    total: int | None = cache.get("segments.customers")
    if total is None:
        total = Customer.objects.count()
        if total > MANY:
            cache.set("segments.customers", total, ONE_MINUTE)
    return total


def _dear(tree: Group, at: datetime) -> Dear | None:
    found = counting.dearest(tree, at)
    if found is None:
        return None
    place, leaf = found
    return Dear(place, f"{_numbered(place)}: {sentence(leaf, names(tree))}", _advice(leaf))


def _advice(leaf: Leaf) -> str:
    if isinstance(leaf, Sequence):
        return _("Give its first step a time window, and every step after it a limit.")
    if isinstance(leaf, EventCount | EventMeasure) and leaf.where and leaf.window.is_ever:
        return _("Give it a time window: conditions on properties read every single event.")
    if isinstance(leaf, EventCount | EventMeasure | MessageCount | Orders) and leaf.window.is_ever:
        return _("Give it a time window.")
    if isinstance(leaf, EventCount | EventMeasure | MessageCount | Orders):
        return _("Make its time window shorter.")
    return _("Make a segment of this condition and ask for its members here: they are kept ready.")
