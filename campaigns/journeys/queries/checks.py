"""What stands between a journey and going live."""

from campaigns.actions import content as contents
from campaigns.journeys.enums import StepKind
from campaigns.journeys.models import Journey, JourneyStep, JourneyVersion
from campaigns.journeys.rules import graph
from campaigns.journeys.rules.graph import NotAGraph, Problem, Step
from campaigns.journeys.rules.triggers import Entry, EntryKind, Goal, NotATrigger, Trigger
from campaigns.rules.template import BadTemplate
from customers.models import Segment
from customers.ports import effects
from customers.queries import brand as brands
from customers.segments.rules.parse import BadDefinition
from customers.segments.rules.parse import parse as parse_definition

UNSUBSCRIBE = "m.u"


def problems(journey: Journey, version: JourneyVersion) -> list[Problem]:
    """Everything that must be put right before this version can be published, in reading order; empty when it can."""
    return _settings(journey) + _steps(version)


def _settings(journey: Journey) -> list[Problem]:
    found = []
    brand = brands.current()
    if journey.topic is None:
        found.append(Problem("topic", "Choose the topic whose subscribers may get these e-mails."))
    if not brand.sender_email:
        found.append(Problem("sender", "Set the sender's e-mail address in the brand settings."))
    if not brand.postal_address.strip():
        found.append(
            Problem("sender", "Set the postal address in the brand settings: every marketing e-mail must show it.")
        )
    try:
        entry = Entry.of(journey.entry)
        found += _entry(entry)
    except NotATrigger as error:
        found.append(Problem("entry", f"The entry {error}."))
    try:
        Goal.of(journey.goal)
        for exit_trigger in journey.exits:
            Trigger.of(exit_trigger)
    except NotATrigger as error:
        found.append(Problem("goal", f"The goal or an exit condition {error}."))
    return found


def _entry(entry: Entry) -> list[Problem]:
    found = []
    if entry.kind == EntryKind.EVENT and entry.trigger and entry.trigger.event in ("segment.entered", "segment.left"):
        segment_id = entry.trigger.where.get("segment_id")
        if not isinstance(segment_id, int) or not Segment.objects.filter(pk=segment_id).exists():
            found.append(Problem("entry", "Choose the segment that starts this journey."))
    if entry.audience:
        found += [Problem("entry", f"Audience: {text}") for text in _mistakes(entry.audience)]
    return found


def _mistakes(definition: object) -> list[str]:
    try:
        parse_definition(definition)
    except BadDefinition as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def _steps(version: JourneyVersion) -> list[Problem]:
    try:
        parsed = graph.parse(version.graph)
    except NotAGraph as error:
        return [Problem(problem.path, f"A step {problem.text}.") for problem in error.problems]
    if not any(step.kind == StepKind.SEND for step in parsed.steps.values()):
        return [Problem("steps", "Add at least one e-mail.")]
    rows = {row.key: row for row in version.steps.select_related("content")}
    return [problem for step in parsed.steps.values() for problem in _step(step, rows.get(step.key))]


def _step(step: Step, row: JourneyStep | None) -> list[Problem]:
    if step.kind == StepKind.SEND:
        return [Problem(step.key, f"{step.name}: {text}") for text in _content(row)]
    if step.kind == StepKind.SPLIT:
        return [Problem(step.key, f"{step.name}: {text}") for text in _mistakes(dict(step.definition))]
    if step.kind == StepKind.EFFECT:
        if not effects.has(step.effect):
            return [Problem(step.key, f"{step.name}: nobody offers “{step.effect}” here.")]
        form = effects.get(step.effect).form(dict(step.params))
        return [] if form.is_valid() else [Problem(step.key, f"{step.name}: its settings are not complete.")]
    return []


def _content(row: JourneyStep | None) -> list[str]:
    if row is None or row.content is None:
        return ["write the e-mail."]
    content = row.content
    found = []
    if not content.subject.strip():
        found.append("write a subject.")
    if not content.blocks and not content.html.strip():
        found.append("the e-mail is empty.")
    try:
        compiled, _ = contents.compile_content(content)
    except BadTemplate as error:
        return [*found, str(error)]
    if UNSUBSCRIBE not in compiled.html:
        found.append("the e-mail has no link to unsubscribe.")
    return found
