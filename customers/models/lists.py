"""Files of people on their way onto a list or off it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import ListMode, ListUploadState
from customers.models.segments import Segment


class ListUpload(models.Model):
    """People named by a text or a file: first read and counted, then, when somebody says so, put on the list or taken off.

    `column` and `means` say where in the file the people stand (-1: the file is a text, one word per line) and what names
    them. `entering` and `leaving` are what would happen until it is done, and then what has happened. Reading again after a
    kill starts at the beginning; the list changes in one transaction.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="uploads", verbose_name=_("list"))
    mode = models.CharField(_("what to do"), max_length=8, choices=ListMode)
    is_quiet = models.BooleanField(_("starts nothing"), default=False)
    takes_shared = models.BooleanField(_("takes everybody of a shared address"), default=False)
    file = models.FileField(_("file"), upload_to="lists/", blank=True)
    file_name = models.CharField(_("file name"), max_length=200, blank=True, default="")
    column = models.SmallIntegerField(_("column"), default=-1)
    means = models.CharField(_("names people by"), max_length=8, blank=True, default="")
    has_header = models.BooleanField(_("first line is a header"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=ListUploadState, default=ListUploadState.READING)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    read_count = models.PositiveIntegerField(_("rows read"), default=0)
    known_count = models.PositiveIntegerField(_("customers found"), default=0)
    unknown_count = models.PositiveIntegerField(_("entries nobody goes by"), default=0)
    shared_count = models.PositiveIntegerField(_("addresses of several customers"), default=0)
    entering = models.PositiveIntegerField(_("put on the list"), default=0)
    leaving = models.PositiveIntegerField(_("taken off"), default=0)
    report = models.FileField(_("report"), upload_to="lists/", blank=True)
    created_at = models.DateTimeField(_("created"))
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("upload to a list")
        verbose_name_plural = _("uploads to lists")
        indexes = [
            models.Index(fields=["id"], name="list_upload_due", condition=models.Q(state__in=["reading", "applying"]))
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.segment_id}"
