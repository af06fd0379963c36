"""Where customers stand: journey stage, persona, product usage; by rules that staff edit."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import Stage
from customers.models.people import Customer
from customers.models.segments import Segment


class StageRule(models.Model):
    """Customers in `segment` stand at `stage`; the first active rule by position wins, nobody's rule leaves it empty."""

    stage = models.CharField(_("stage"), max_length=12, choices=Stage, unique=True)
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="stage_rules", null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"))
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("stage rule")
        verbose_name_plural = _("stage rules")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["position"], name="stage_rule_place")]

    def __str__(self) -> str:
        return self.stage


class StageChange(models.Model):
    """A customer moved from one stage to another. Rows are only ever added."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="stage_changes")
    before = models.CharField(_("before"), max_length=12, blank=True, default="")
    after = models.CharField(_("after"), max_length=12, blank=True, default="")
    changed_at = models.DateTimeField(_("changed"))
    rule_version = models.PositiveIntegerField(_("version of the segment"), default=0)

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        indexes = [models.Index(fields=["before", "changed_at"], name="stage_change_left")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.before} → {self.after}"


class Persona(models.Model):
    """A type of buyer or user, of one product category or of the whole company; members come from a segment."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("description"), max_length=500, blank=True, default="")
    goals = models.TextField(_("goals and worries"), blank=True, default="")
    category = models.CharField(_("product category"), max_length=120, blank=True, default="")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="personas", null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["position"], name="persona_place")]

    def __str__(self) -> str:
        return self.name


class CustomerPersona(models.Model):
    """A customer fits a persona."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="personas", db_index=False)
    persona = models.ForeignKey(Persona, on_delete=models.CASCADE, related_name="members")
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("persona of a customer")
        verbose_name_plural = _("personas of customers")
        constraints = [models.UniqueConstraint(fields=["customer", "persona"], name="customer_persona_once")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.persona_id}"


class UsageRule(models.Model):
    """One row: what counts as use of the product, and from how many active days in the window a level begins."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    event_names = models.JSONField(_("events that count as use"), default=list, blank=True)
    window_days = models.PositiveSmallIntegerField(_("window in days"), default=28)
    low_from = models.PositiveSmallIntegerField(_("low from"), default=1)
    medium_from = models.PositiveSmallIntegerField(_("medium from"), default=4)
    high_from = models.PositiveSmallIntegerField(_("high from"), default=12)
    counted_on = models.DateField(_("counted in full on"), null=True, editable=False)
    seen_event_id = models.BigIntegerField(_("last event looked at"), default=0, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("usage rule")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_usage_rule"),
            models.CheckConstraint(
                condition=models.Q(
                    low_from__gt=0, medium_from__gt=models.F("low_from"), high_from__gt=models.F("medium_from")
                ),
                name="usage_levels_rise",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window_days} days"


class CustomerStanding(models.Model):
    """What is kept per customer beside the profile: since when the stage, days of use, the last return after a break.

    `ruled_persona` is what the personas' segments last wrote to the profile, to tell it from a value set by hand.
    `returned_at` is the latest order that came at least `BREAK_DAYS` after the one before, `break_days` how long after.
    """

    BREAK_DAYS = 90

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="standing")
    stage_since = models.DateTimeField(_("at this stage since"), null=True)
    previous_stage = models.CharField(_("stage before"), max_length=12, choices=Stage, blank=True, default="")
    ruled_persona = models.CharField(_("persona by rules"), max_length=80, blank=True, default="")
    all_personas = models.TextField(_("all personas"), blank=True, default="")
    active_days = models.PositiveSmallIntegerField(_("active days"), default=0)
    last_active_on = models.DateField(_("last active day"), null=True)
    returned_at = models.DateTimeField(_("came back"), null=True)
    break_days = models.PositiveIntegerField(_("days away before"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("standing of a customer")
        indexes = [models.Index(fields=["returned_at"], name="standing_returned")]

    def __str__(self) -> str:
        return f"standing of {self.customer_id}"


class StandingRun(models.Model):
    """Everybody's stage and personas are being looked at again, after rules were changed.

    It goes through the customers by id; `reached_id` is how far it has come, so that a kill loses one chunk.
    """

    requested_at = models.DateTimeField(_("requested"))
    is_silent = models.BooleanField(_("starts no journeys"), default=False)
    reached_id = models.BigIntegerField(_("reached"), default=0)
    last_id = models.BigIntegerField(_("goes to"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("evaluation of everybody")
        verbose_name_plural = _("evaluations of everybody")

    def __str__(self) -> str:
        return f"evaluation of {self.requested_at:%Y-%m-%d %H:%M}"


class StageCount(models.Model):
    """How many customers stood at a stage at the end of a day, for the chart."""

    day = models.DateField(_("day"))
    stage = models.CharField(_("stage"), max_length=12, choices=Stage, blank=True)
    customer_count = models.PositiveIntegerField(_("customers"))

    class Meta:
        verbose_name = _("stage size")
        verbose_name_plural = _("stage sizes")
        constraints = [models.UniqueConstraint(fields=["day", "stage"], name="stage_count_once")]

    def __str__(self) -> str:
        return f"{self.stage} on {self.day}: {self.customer_count}"
