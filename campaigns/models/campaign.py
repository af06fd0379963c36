"""One message to many people at one time."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import CampaignState
from campaigns.models.content import Content, ContentVersion
from customers.models import Segment, Topic


class Campaign(models.Model):
    """A campaign to the members of a segment. `planned_at` is set when every person has a message row."""

    name = models.CharField(_("name"), max_length=160)
    segment = models.ForeignKey(
        Segment, verbose_name=_("segment"), on_delete=models.PROTECT, null=True, related_name="campaigns"
    )
    exclude_segment = models.ForeignKey(
        Segment, verbose_name=_("leave out"), on_delete=models.PROTECT, null=True, blank=True, related_name="excluding_campaigns"  # noqa: E501
    )  # fmt: skip
    topic = models.ForeignKey(Topic, verbose_name=_("topic"), on_delete=models.PROTECT, null=True, related_name="campaigns")
    content = models.OneToOneField(Content, on_delete=models.PROTECT, related_name="campaign")
    content_version = models.ForeignKey(
        ContentVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="campaigns"
    )
    state = models.CharField(_("state"), max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    problem = models.CharField(_("problem"), max_length=300, blank=True, default="")
    holdout_percent = models.PositiveSmallIntegerField(_("holdout, percent"), default=5)
    scheduled_at = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    launched_at = models.DateTimeField(_("launched"), null=True, blank=True)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="launched_campaigns"
    )
    planned_at = models.DateTimeField(_("audience fixed"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        permissions = [("launch_campaign", "Can launch, pause and stop campaigns")]
        indexes = [
            models.Index(fields=["scheduled_at"], name="campaign_scheduled", condition=Q(state=CampaignState.SCHEDULED))
        ]
        constraints = [
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="campaign_holdout_at_most_half"),
            models.CheckConstraint(
                condition=Q(state=CampaignState.DRAFT) | Q(scheduled_at__isnull=False), name="campaign_launched_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name
