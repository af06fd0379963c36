"""Freezing content into versions."""

import json
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from campaigns.enums import BodyKind
from campaigns.models import Content, ContentVersion, Link
from campaigns.rules import blocks, layout, template
from customers.models import Brand
from customers.queries import brand as brands


def look(brand: Brand) -> layout.Look:
    """What the frame of a message shows of the brand."""
    return layout.Look(brand.name, brand.colour, brand.website, brand.postal_address, brand.locale)


def compile_content(content: Content, *, tracked: bool = True) -> tuple[layout.Compiled, list[str]]:
    """Content as templates, and the variables it reads ("loyalty.points"). Raises `template.BadTemplate`."""
    preheader = blocks.escaped(content.preheader)
    own = look(brands.current())
    source = content.html if content.body_kind == BodyKind.HTML else blocks.as_html(content.blocks)
    for part in (content.subject, content.preheader, content.sender_name, source, content.text):
        template.check(part)
    if content.body_kind == BodyKind.HTML:
        html = layout.completed(source, own, preheader, settings.BASE_URL)
    else:
        html = layout.framed(source, own, preheader, settings.BASE_URL)
    compiled = layout.compile_html(html, base_url=settings.BASE_URL, text=content.text, tracked=tracked)
    found = template.Template({"subject": content.subject, "body.html": compiled.html, "body.txt": compiled.text}).variables
    for url, _ in compiled.links:
        found += template.check(url)
    return compiled, sorted({str(variable) for variable in found if variable.source != "m"})


def freeze(content: Content, *, at: datetime) -> ContentVersion:
    """The version of this content as it stands: a new one, or the one that is already exactly like it.

    Raises `template.BadTemplate` when the content cannot be compiled.
    """
    compiled, variables = compile_content(content)
    brand = brands.current()
    values = {
        "subject": content.subject,
        "html": compiled.html,
        "text": compiled.text,
        "sender_name": content.sender_name or brand.sender_name or brand.name,
        "sender_email": content.sender_email or brand.sender_email,
        "reply_to": brand.reply_to,
    }
    digest = sha256(json.dumps([values, compiled.links], sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        Content.objects.select_for_update().get(pk=content.pk)
        known = ContentVersion.objects.filter(content=content, digest=digest).first()
        if known:
            return known
        last = ContentVersion.objects.filter(content=content).order_by("-number").first()
        version = ContentVersion.objects.create(
            content=content,
            number=(last.number + 1 if last else 1),
            digest=digest,
            variables=variables,
            created_at=at,
            **values,
        )
        Link.objects.bulk_create(
            Link(content_version=version, position=position, url=url, label=label)
            for position, (url, label) in enumerate(compiled.links, start=1)
        )
    return version
