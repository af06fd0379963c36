"""Staff roles as groups: what each may do. `manage.py sync_roles` writes them; admins may add groups of their own."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

APPS = ("customers", "campaigns", "loyalty", "referrals", "surveys", "metrics")
SEE_EVERYTHING = tuple(f"{app}.view_*" for app in APPS)
# Dangerous verbs are never part of a pattern: each is named where a role holds it.
NAMED_ONLY = (
    "launch_campaign", "approve_campaign", "export_customer", "import_customer", "adjust_points", "erase_customer",
    "merge_customer", "export_person", "publish_journey", "add_writekey", "change_writekey", "delete_writekey",
)  # fmt: skip
ROLES: dict[str, tuple[str, ...]] = {
    "admin": (*(f"{app}.*" for app in APPS), *(f"*.{verb}" for verb in NAMED_ONLY), "auth.*"),
    "marketer": (
        *SEE_EVERYTHING, "customers.change_stagerule", "customers.*_persona", "customers.change_usagerule",
        "customers.add_customernote",
        "customers.change_trackedevent", "customers.change_trackedproperty", "customers.*_segment",
        "customers.change_customer", "customers.add_customer",
        "customers.import_customer",
        "customers.change_consent", "customers.change_product", "customers.add_suppression", "customers.add_importjob",
        "customers.change_importjob",
        "customers.add_signupform", "customers.change_signupform",
        "campaigns.add_*", "campaigns.change_*", "campaigns.delete_campaign", "campaigns.launch_campaign",
        "campaigns.publish_journey",
        "loyalty.add_*", "loyalty.change_*", "referrals.add_*", "referrals.change_*", "surveys.add_*", "surveys.change_*",
    ),
    "approver": (*SEE_EVERYTHING, "campaigns.launch_campaign", "campaigns.approve_campaign", "campaigns.publish_journey"),
    # Kept e-mails hold customers' live links, by which anybody unsubscribes them or spends their points: not for analysis.
    "analyst": (
        *SEE_EVERYTHING, "-campaigns.view_outboxmail", "-campaigns.view_systemmail", "customers.add_segment",
        "customers.change_segment", "customers.export_customer",
    ),
    "support": (
        *SEE_EVERYTHING, "customers.add_customernote", "customers.change_customer", "customers.change_consent",
        "customers.add_suppression",
        "customers.export_person", "customers.merge_customer", "loyalty.adjust_points",
        "loyalty.change_redemption", "referrals.change_referral",
    ),
}  # fmt: skip


def _matching(patterns: Iterable[str]) -> list[Permission]:
    """Permissions of these patterns; one that begins with "-" takes away what the ones before it gave."""
    chosen = Q(pk__in=[])
    for pattern in patterns:
        app, _, codename = pattern.removeprefix("-").partition(".")
        part = Q() if app == "*" else Q(content_type__app_label=app)
        if codename == "*":
            part &= ~Q(codename__in=NAMED_ONLY)
        elif codename.endswith("*"):
            part &= Q(codename__startswith=codename[:-1])
        elif codename.startswith("*"):
            part &= Q(codename__endswith=codename[1:])
        else:
            part &= Q(codename=codename)
        chosen = chosen & ~part if pattern.startswith("-") else chosen | part
    return list(Permission.objects.filter(chosen))


def sync() -> dict[str, int]:
    """Write the five groups with exactly these permissions; returns how many each holds. Safe to repeat."""
    counts = {}
    for role, patterns in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        permissions = _matching(patterns)
        group.permissions.set(permissions)
        counts[role] = len(permissions)
    return counts
