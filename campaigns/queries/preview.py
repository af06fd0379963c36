"""A message as one customer would see it, without writing anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.actions.content import compile_content
from campaigns.models import Campaign, Content
from campaigns.queries.audience import reachable_customers
from campaigns.queries.recipients import SourceFailed, merge_values
from campaigns.rules import preflight
from campaigns.rules.template import BadTemplate, CannotRender, Template, check, one_line
from customers.models import Customer
from customers.ports import merge
from customers.queries import brand as brands

LOOKED_AT = 300
MARK = "preview"


@dataclass(frozen=True, slots=True)
class Preview:
    """Subject, HTML and text as rendered; `error` in words when that was impossible."""

    subject: str
    html: str
    text: str
    error: str = ""


def preview(content: Content, customer_id: int | None, *, at: datetime) -> Preview:
    """The message for a customer, or with the sample values of every variable when no customer is chosen."""
    try:
        compiled, variables = compile_content(content, tracked=False)
        template = Template({"subject": content.subject, "body.html": compiled.html, "body.txt": compiled.text})
        if customer_id is None:
            values = sample_values()
        else:
            values = merge_values([customer_id], variables, at=at, reference=MARK, is_preview=True)[customer_id]
        values["m"] = {"t": MARK, "u": MARK}
        subject = one_line(template.render("subject", values))
        return Preview(subject, template.render("body.html", values), template.render("body.txt", values))
    except (BadTemplate, CannotRender, SourceFailed) as error:
        return Preview("", "", "", str(error))


def sample_values() -> dict[str, dict[str, Any]]:
    """The sample value of every variable that some app offers."""
    return {source.key: {v.name: v.sample for v in source.variables} for source in merge.all()}


def check_content(campaign: Campaign, *, at: datetime) -> list[preflight.Check]:
    """The pre-flight checks of a campaign, with a look at up to 300 people of its audience."""
    try:
        compiled, variables = compile_content(campaign.content)
    except BadTemplate as error:
        return [preflight.Check("bad", "The content cannot be filled in", str(error))]
    known = {f"{source.key}.{v.name}" for source in merge.all() for v in source.variables}
    unknown = [name for name in variables if name not in known and not name.startswith("customer.")]
    brand = brands.current()
    return preflight.check(
        subject=campaign.content.subject,
        html=compiled.html,
        links=[url for url, _ in compiled.links],
        has_address=bool(brand.postal_address.strip()),
        has_sender=bool(campaign.content.sender_email or brand.sender_email),
        unknown=unknown,
        empty=_empty(campaign, compiled.html, [name for name in variables if name not in unknown], at),
        holds_unsubscribe="/u/{{ m.u }}" in compiled.html,
        has_audience=bool(campaign.segment_id and campaign.topic_id),
    )


def _empty(campaign: Campaign, html: str, variables: list[str], at: datetime) -> dict[str, tuple[int, int]]:
    bare = {str(v) for v in [*check(html), *check(campaign.content.subject)] if not v.has_fallback and v.source != "m"}
    covered = {str(v) for v in check(html) if v.has_fallback}
    wanted = [name for name in variables if name in bare - covered]
    if campaign.segment is None or not wanted:
        return {}
    ids = list(reachable_customers(campaign).order_by("-pk").values_list("pk", flat=True)[:LOOKED_AT])
    try:
        values = merge_values(ids, wanted, at=at, reference=MARK, is_preview=True)
    except SourceFailed:
        return {}
    counts = {}
    for name in wanted:
        source, _, key = name.partition(".")
        counts[name] = (sum(key not in values[i].get(source, {}) for i in ids), len(ids))
    return counts


def samples(campaign: Campaign, *, at: datetime) -> list[Customer]:
    """Three people of the audience: the newest, the oldest, and one of whom little is known."""
    reachable = reachable_customers(campaign)
    found = [reachable.order_by("-pk").first(), reachable.order_by("pk").first()]
    found.append(
        reachable.filter(first_name="").order_by("-pk").first() or reachable.filter(city="").order_by("pk").first()
    )
    unique = {customer.pk: customer for customer in found if customer}
    if len(unique) < 3:
        unique |= {c.pk: c for c in reachable.exclude(pk__in=unique).order_by("pk")[: 3 - len(unique)]}
    return list(unique.values())


def variables() -> list[merge.MergeSource]:
    """Sources with their variables, for the picker."""
    return merge.all()
