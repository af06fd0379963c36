"""Lists on their way out as files."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import ExportState


class ExportJob(models.Model):
    """One list that a worker writes into a file. The file lives for 24 hours; what was taken out stays noted.

    A killed run is written again from the beginning: a file is complete or not there.
    """

    key = models.CharField(_("list"), max_length=60)
    label = models.CharField(_("list"), max_length=120)
    criteria = models.JSONField(_("what was wanted"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=ExportState, default=ExportState.QUEUED)
    file = models.FileField(_("file"), upload_to="exports/", blank=True)
    row_count = models.PositiveBigIntegerField(_("rows"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("asked for"))
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return self.label
