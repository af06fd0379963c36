"""Surveys, who was asked, what they answered, and every version of each answer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from surveys.enums import Band, ResponseState, SurveyKind, SurveyState, Suspicion


class Survey(models.Model):
    """One question with a scale from 0 to 10, a "why" for each band, and a thank-you for each band.

    At most one survey of a kind is live: messages ask with `{{ survey.nps_link }}`, which means that one.
    """

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=8, choices=SurveyKind, default=SurveyKind.NPS)
    state = models.CharField(_("state"), max_length=8, choices=SurveyState, default=SurveyState.DRAFT)
    question = models.CharField(_("question"), max_length=200)
    why_detractor = models.CharField(_("follow-up for 0 to 6"), max_length=200)
    why_passive = models.CharField(_("follow-up for 7 and 8"), max_length=200)
    why_promoter = models.CharField(_("follow-up for 9 and 10"), max_length=200)
    thanks_detractor = models.CharField(_("thank-you for 0 to 6"), max_length=300)
    thanks_passive = models.CharField(_("thank-you for 7 and 8"), max_length=300)
    thanks_promoter = models.CharField(_("thank-you for 9 and 10"), max_length=300)
    asks_promoters_to_refer = models.BooleanField(_("show promoters their referral link"), default=True)
    throttle_days = models.PositiveSmallIntegerField(_("days between two invitations"), default=90)
    link_days = models.PositiveSmallIntegerField(_("days an invitation stays open"), default=60)
    opened_at = models.DateTimeField(_("live since"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(state="live"), name="one_live_survey_per_kind"),
            models.CheckConstraint(condition=Q(throttle_days__range=(1, 365)), name="survey_throttle_range"),
            models.CheckConstraint(condition=Q(link_days__range=(14, 90)), name="survey_link_days_range"),
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """One customer asked once. `reference` names the message source that asked ("campaign:12"); its link carries the id.

    `round` counts how often that source has asked: a journey that comes round after months asks anew.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="invitations", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="survey_invitations")
    reference = models.CharField(_("asked by"), max_length=80)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    created_at = models.DateTimeField(_("created"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened by a person"), null=True, blank=True)
    expires_at = models.DateTimeField(_("open until"))
    refused_at = models.DateTimeField(_("reached the wrong person"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=20, default="message")

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [models.UniqueConstraint(fields=["survey", "customer", "reference", "round"], name="invited_once")]
        indexes = [
            models.Index(fields=["reference", "customer"], name="invitation_reference"),
            models.Index(fields=["survey", "created_at"], name="invitation_survey_created"),
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} asked {self.customer_id}"


class Response(models.Model):
    """The answer to one invitation; the last version wins for 24 hours. Survey and customer are copied for fast reports.

    Only confirmed answers without a suspicion count. `source` is "sample" for generated answers.
    """

    invitation = models.OneToOneField(Invitation, on_delete=models.CASCADE, related_name="response")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="responses", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="survey_responses", db_index=False)
    score = models.PositiveSmallIntegerField(_("score"))
    band = models.CharField(_("band"), max_length=10, choices=Band)
    state = models.CharField(_("state"), max_length=12, choices=ResponseState)
    suspicion = models.CharField(_("suspected machine"), max_length=12, choices=Suspicion, blank=True, default="")
    comment = models.TextField(_("comment"), blank=True, default="")
    may_contact = models.BooleanField(_("may be contacted"), default=False)
    answered_at = models.DateTimeField(_("answered"))
    local_day = models.DateField(_("day"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"))
    source = models.CharField(_("source"), max_length=20, default="link")

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        constraints = [
            models.CheckConstraint(condition=Q(score__range=(0, 10)), name="score_from_0_to_10"),
            models.CheckConstraint(
                condition=Q(band="detractor", score__lte=6)
                | Q(band="passive", score__range=(7, 8))
                | Q(band="promoter", score__gte=9),
                name="band_follows_score",
            ),
            models.CheckConstraint(
                condition=Q(state="provisional", confirmed_at__isnull=True)
                | Q(state="confirmed", confirmed_at__isnull=False),
                name="confirmed_has_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["survey", "answered_at"], name="response_survey_answered"),
            models.Index(fields=["customer", "answered_at"], name="response_customer_answered"),
            models.Index(fields=["local_day"], name="response_day"),
            models.Index(
                fields=["updated_at"], name="response_provisional", condition=Q(state="provisional", suspicion="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.score} by {self.customer_id}"


class ResponseRevision(models.Model):
    """One version of an answer. Rows are only ever added."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="revisions")
    score = models.PositiveSmallIntegerField(_("score"))
    comment = models.TextField(_("comment"), blank=True, default="")
    may_contact = models.BooleanField(_("may be contacted"), default=False)
    state = models.CharField(_("state"), max_length=12, choices=ResponseState)
    page = models.CharField(_("page load"), max_length=24, blank=True, default="")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("version of a response")
        verbose_name_plural = _("versions of responses")
        constraints = [models.CheckConstraint(condition=Q(score__range=(0, 10)), name="revision_score_from_0_to_10")]

    def __str__(self) -> str:
        return f"{self.score} at {self.at:%Y-%m-%d %H:%M}"


class LatestScore(models.Model):
    """The newest counted NPS answer of each customer: one row per customer, for segments, lists and merge."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="latest_score")
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField(_("last NPS score"), db_index=True)
    band = models.CharField(_("NPS band"), max_length=10, choices=Band, db_index=True)
    answered_at = models.DateTimeField(_("answered"), db_index=True)

    class Meta:
        verbose_name = _("latest score")
        verbose_name_plural = _("latest scores")

    def __str__(self) -> str:
        return f"{self.score} by {self.customer_id}"


class SurveyStop(models.Model):
    """A customer who asked for no more surveys."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="survey_stop")
    at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("stop of surveys")
        verbose_name_plural = _("stops of surveys")

    def __str__(self) -> str:
        return f"{self.customer_id} since {self.at:%Y-%m-%d}"
