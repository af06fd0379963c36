"""Topics: what they say, in which order, and since when they are offered no more."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from config.kit import sql
from customers.actions.consent import digest
from customers.models import Topic, TopicWording


def keep_wording(topic: Topic, *, at: datetime) -> TopicWording | None:
    """Keep the topic's wording as a version, unless it is one already; None when it has none."""
    if not topic.wording:
        return None
    with transaction.atomic():
        list(sql.for_update(Topic.objects.filter(pk=topic.pk)).values_list("pk"))
        known = TopicWording.objects.filter(topic=topic, digest=digest(topic.wording)).first()
        if known:
            return known
        last = TopicWording.objects.filter(topic=topic).aggregate(last=Max("number"))["last"] or 0
        return TopicWording.objects.create(
            topic=topic, number=last + 1, text=topic.wording, digest=digest(topic.wording), created_at=at
        )


def archive(topic: Topic, *, at: datetime) -> bool:
    """Offer a topic no more; what people said stays. False when it was archived already."""
    return bool(Topic.objects.filter(pk=topic.pk, archived_at=None).update(archived_at=at, is_default=False))


def restore(topic: Topic) -> bool:
    """Offer an archived topic again."""
    return bool(Topic.objects.filter(pk=topic.pk, archived_at__isnull=False).update(archived_at=None))
