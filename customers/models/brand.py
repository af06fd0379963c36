"""The company that this installation speaks for."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write the colour as #rrggbb."))


class Brand(models.Model):
    """One row: name, look, sender, postal address, time zone and currency of the account."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name"), max_length=120, default="Perennial")
    website = models.URLField(_("website"), blank=True, default="")
    colour = models.CharField(_("colour"), max_length=7, default="#1f7a4d", validators=[COLOUR])
    sender_name = models.CharField(_("sender name"), max_length=120, blank=True, default="")
    sender_email = models.EmailField(_("sender e-mail"), blank=True, default="")
    reply_to = models.EmailField(_("reply-to e-mail"), blank=True, default="")
    postal_address = models.TextField(_("postal address"), blank=True, default="")
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    locale = models.CharField(_("language"), max_length=16, default="en")
    is_sample = models.BooleanField(_("holds the sample company"), default=False, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("brand")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_brand")]

    def __str__(self) -> str:
        return self.name
