"""Who may be written to, about what, and the proof."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import Channel, ConsentState, SuppressionReason
from customers.models.people import Customer


def email_only() -> list[str]:
    """Channels of a topic that says nothing else."""
    return [Channel.EMAIL.value]


class Topic(models.Model):
    """A subject that customers can subscribe to, such as a newsletter or product news.

    `channels` are those on which it is offered to customers; `wording` is what they agree to (its versions are kept in
    `TopicWording`). An archived topic is offered nowhere and no new campaign can choose it; its proof stays.
    """

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    wording = models.CharField(_("consent wording"), max_length=500, blank=True, default="")
    channels = models.JSONField(_("channels"), default=email_only)
    position = models.PositiveSmallIntegerField(_("place in lists"), default=100)
    is_default = models.BooleanField(_("default topic"), default=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name


class TopicWording(models.Model):
    """One version of the words by which people agree to a topic; a changed wording is a new version."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="wordings")
    number = models.PositiveIntegerField(_("number"))
    text = models.TextField(_("wording"))
    digest = models.CharField(_("digest"), max_length=64)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("wording of a topic")
        verbose_name_plural = _("wordings of topics")
        constraints = [
            models.UniqueConstraint(fields=["topic", "number"], name="topic_wording_number_once"),
            models.UniqueConstraint(fields=["topic", "digest"], name="topic_wording_digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.topic_id} wording {self.number}"


class Consent(models.Model):
    """The present answer of one customer for one topic and channel. No row means: never asked, so no marketing."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=ConsentState)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [models.UniqueConstraint(fields=["customer", "topic", "channel"], name="consent_once")]

    def __str__(self) -> str:
        return f"{self.topic_id}/{self.channel}: {self.state}"


class ConsentChange(models.Model):
    """The proof (GDPR Art. 7): each answer with time, source, the wording shown, and from where it came.

    Rows are only ever added; the database refuses changes, save that a merge moves them to another customer and an erasure
    blanks the network address and browser (`customers/sql/append_only.py`). `wording_digest` is the SHA-256 of the wording,
    `wording_version` its number among the topic's own wordings (empty for other words). With double opt-in `requested_at`
    and `requested_from` say when and where the form was sent, `changed_at` and `client_address` where it was confirmed.
    `actor` is the member of staff who recorded it, empty when the person answered.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consent_changes")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=ConsentState)
    source = models.CharField(_("source"), max_length=60)
    wording = models.TextField(_("wording"), blank=True, default="")
    wording_digest = models.CharField(_("digest of the wording"), max_length=64, blank=True, default="")
    wording_version = models.PositiveIntegerField(_("version of the wording"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), db_index=True)
    client_address = models.CharField(_("IP address"), max_length=45, blank=True, default="")
    user_agent = models.CharField(_("browser"), max_length=300, blank=True, default="")
    requested_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    requested_from = models.CharField(_("asked for from IP address"), max_length=45, blank=True, default="")
    # No constraint: the proof outlives the account of whoever recorded it, and may not be updated.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.DO_NOTHING, db_constraint=False,
        null=True, blank=True, related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("consent change")
        verbose_name_plural = _("consent changes")

    def __str__(self) -> str:
        return f"{self.state} at {self.changed_at:%Y-%m-%d}"


class Suppression(models.Model):
    """An address that nothing may be sent to, whatever consent says; kept by keyed hash, so it survives erasure."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    address_hash = models.CharField(_("address hash"), max_length=64)
    reason = models.CharField(_("reason"), max_length=12, choices=SuppressionReason)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="suppressions")
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"


class Preference(models.Model):
    """How often and whether at all a customer wants marketing now; no row means no wish.

    `paused_until`: no marketing before that moment. `weekly_limit`: at most so many marketing messages in seven days.
    `is_tracked` False: no open pixel, plain links.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="preference")
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    weekly_limit = models.PositiveSmallIntegerField(_("messages a week"), null=True, blank=True)
    is_tracked = models.BooleanField(_("opens and clicks are counted"), default=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"preference of {self.customer_id}"


class SignupForm(models.Model):
    """A public form through which people ask to hear from the company."""

    name = models.CharField(_("name"), max_length=120)
    code = models.CharField(_("code"), max_length=24, unique=True, editable=False)
    headline = models.CharField(_("headline"), max_length=160)
    text = models.TextField(_("text"), blank=True, default="")
    wording = models.CharField(_("consent wording"), max_length=500)
    topics = models.ManyToManyField(Topic, related_name="signup_forms", verbose_name=_("topics"))
    is_double = models.BooleanField(_("confirm by e-mail"), default=True)
    asks_name = models.BooleanField(_("ask for the name"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("sign-up form")
        verbose_name_plural = _("sign-up forms")

    def __str__(self) -> str:
        return self.name


class OptIn(models.Model):
    """One request to be written to, until it is confirmed by the link in an e-mail or lapses.

    Only the fingerprint of the link's token is kept. `customer` is set at confirmation: a stranger who types somebody's
    address creates no profile; it is set at once when staff (`asked_by`) ask a customer. A row that was never confirmed is
    deleted 30 days after it lapsed.
    """

    form = models.ForeignKey(SignupForm, on_delete=models.CASCADE, null=True, blank=True, related_name="opt_ins")
    fingerprint = models.CharField(_("fingerprint"), max_length=64, unique=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="")
    address_hash = models.CharField(_("address hash"), max_length=64, db_index=True)
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    topics = models.JSONField(_("topics"), default=list)
    wording = models.TextField(_("wording"))
    locale = models.CharField(_("language"), max_length=16, blank=True, default="")
    client_address = models.CharField(_("IP address"), max_length=45, blank=True, default="")
    user_agent = models.CharField(_("browser"), max_length=300, blank=True, default="")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.SET_NULL, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    requested_at = models.DateTimeField(_("requested"), db_index=True)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="opt_ins")

    class Meta:
        verbose_name = _("opt-in")
        verbose_name_plural = _("opt-ins")

    def __str__(self) -> str:
        return f"opt-in {self.pk}"
