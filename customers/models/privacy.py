"""Requests of data subjects, the log of erasures, retention rules, and merges that can be undone."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import DataRequestKind, DataRequestState
from customers.models.people import Customer


class DataRequest(models.Model):
    """A customer (or staff for them) asks for a copy of all data or for erasure.

    `due_on` is the last day that the law gives (a month); `runs_at` is when an erasure is carried out: until then it can
    be called off.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=DataRequestKind)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="data_requests")
    customer_number = models.BigIntegerField(_("customer number"))
    state = models.CharField(_("state"), max_length=10, choices=DataRequestState)
    is_by_customer = models.BooleanField(_("asked by the customer"), default=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    requested_at = models.DateTimeField(_("requested"))
    # Of the token in the mail: first it confirms the request, later it opens the file or calls the erasure off.
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True, default="", db_index=True)
    file = models.FileField(_("file"), upload_to="privacy/", blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    runs_at = models.DateTimeField(_("carried out from"), null=True)
    due_on = models.DateField(_("to be answered by"), null=True, db_index=True)
    started_at = models.DateTimeField(_("started"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        permissions = [
            ("erase_customer", "Can erase customers"),
            ("export_person", "Can export all data of a person"),
            ("merge_customer", "Can merge customers"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of customer {self.customer_number}"


class Erasure(models.Model):
    """An erasure that was done: enough to do it again after a backup is restored, and nothing that names the person."""

    customer_number = models.BigIntegerField(_("customer number"), unique=True)
    erased_at = models.DateTimeField(_("erased"))
    reason = models.CharField(_("reason"), max_length=40)
    address_hashes = models.JSONField(_("address hashes"), default=list)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return f"erasure of customer {self.customer_number}"


class DifferentPeople(models.Model):
    """Staff looked at two customers who seemed to be one, and said they are not. Numbers only: either may be erased."""

    lower_number = models.BigIntegerField(_("customer"))
    higher_number = models.BigIntegerField(_("other customer"))
    decided_at = models.DateTimeField(_("decided"))

    class Meta:
        verbose_name = _("pair of different people")
        verbose_name_plural = _("pairs of different people")
        constraints = [models.UniqueConstraint(fields=["lower_number", "higher_number"], name="different_people_once")]

    def __str__(self) -> str:
        return f"{self.lower_number} is not {self.higher_number}"


class RetentionRule(models.Model):
    """How long one kind of rows is kept. `key` names a policy that the code registers; no days means for ever."""

    key = models.CharField(_("kind of data"), max_length=60, primary_key=True)
    days = models.PositiveIntegerField(_("days"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")

    def __str__(self) -> str:
        return f"{self.key}: {self.days}"


class CustomerMerge(models.Model):
    """Two customers became one. `kept` holds what is needed to undo it: rows moved and values overwritten, by table."""

    from_number = models.BigIntegerField(_("merged customer"))
    from_label = models.CharField(_("merged customer"), max_length=300, blank=True, default="")
    into = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="merges")
    merged_at = models.DateTimeField(_("merged"))
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.CharField(_("source"), max_length=40)
    kept = models.JSONField(_("what to undo"), default=dict)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")

    def __str__(self) -> str:
        return f"{self.from_number} into {self.into_id}"
