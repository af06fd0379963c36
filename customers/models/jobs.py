"""Signs of life of the background work, once-per-period runs, and the audit log."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a kind of background work last ran, and how it went."""

    job = models.CharField(_("job"), max_length=80, primary_key=True)
    beat_at = models.DateTimeField(_("last run"))
    ok_at = models.DateTimeField(_("last success"), null=True)
    error = models.TextField(_("last error"), blank=True, default="")

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.job


class JobRun(models.Model):
    """A job that runs once per period, such as the roll-up of a day: the unique key is the promise."""

    job = models.CharField(_("job"), max_length=80)
    period = models.CharField(_("period"), max_length=40)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    summary = models.JSONField(_("summary"), default=dict)

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        constraints = [models.UniqueConstraint(fields=["job", "period"], name="job_run_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.period}"


class AuditEntry(models.Model):
    """Who of the staff did what. Rows are only ever added."""

    at = models.DateTimeField(_("time"), db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    verb = models.CharField(_("action"), max_length=80)
    object_label = models.CharField(_("object"), max_length=200)
    detail = models.JSONField(_("detail"), default=dict)
    address = models.CharField(_("IP address"), max_length=45, blank=True, default="")

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")

    def __str__(self) -> str:
        return f"{self.verb} {self.object_label}"
