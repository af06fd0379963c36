"""Files that other systems export: recognised by their headers, with what each column means.

Header sets as of the exports' own files: Mailchimp audience, Klaviyo list and profiles, HubSpot contacts, Shopify customers
and orders, Stripe customers. Consent is never guessed: only the words below are an answer, everything else is none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from customers.enums import ImportKind
from customers.imports.rules.formats import attribute_name, plain_name, suggest


@dataclass(frozen=True, slots=True)
class System:
    """One export: `marks` are columns that together tell it, `targets` say what its columns are.

    `skipped` columns are left out; any other becomes an attribute, as in a file of nobody in particular.
    """

    name: str
    kind: str
    marks: tuple[str, ...]
    targets: dict[str, str]
    skipped: tuple[str, ...] = ()
    note: str = ""


MAILCHIMP = System(
    "Mailchimp",
    ImportKind.CUSTOMERS,
    ("member_rating", "optin_time", "leid"),
    {
        "Email Address": "email", "First Name": "first_name", "Last Name": "last_name", "Phone Number": "phone",
        "Phone": "phone", "Company": "company", "TIMEZONE": "timezone", "CC": "country", "CONFIRM_TIME": "email_consent_at",
        "UNSUB_TIME": "email_unsubscribed_at", "CLEAN_TIME": "email_bounced_at", "TAGS": "attribute.text.tags",
        "MEMBER_RATING": "attribute.number.member_rating", "OPTIN_TIME": "attribute.text.optin_time",
        "REGION": "attribute.text.region", "NOTES": "attribute.text.notes", "UNSUB_REASON": "attribute.text.unsub_reason",
    },
    ("Birthday", "OPTIN_IP", "CONFIRM_IP", "LATITUDE", "LONGITUDE", "GMTOFF", "DSTOFF", "LAST_CHANGED", "LEID", "EUID",
     "UNSUB_CAMPAIGN_TITLE", "UNSUB_CAMPAIGN_ID", "UNSUB_REASON_OTHER", "CLEAN_CAMPAIGN_TITLE", "CLEAN_CAMPAIGN_ID",
     "EMAIL_TYPE"),
    "Mailchimp writes a file per kind of contact: keep the file names, they say which one this is. Birthdays have no year "
    "there and are left out.",
)  # fmt: skip
KLAVIYO = System(
    "Klaviyo",
    ImportKind.CUSTOMERS,
    ("klaviyo id", "email"),
    {
        "Email": "email", "Phone Number": "phone", "First Name": "first_name", "Last Name": "last_name",
        "Organization": "company", "Title": "attribute.text.title", "City": "city", "Country": "country",
        "State / Region": "attribute.text.region", "Zip Code": "attribute.text.zip_code", "Locale": "locale",
        "Timezone": "timezone", "External ID": "external_id", "Klaviyo ID": "attribute.text.klaviyo_id",
        "Profile Created On": "created_at", "Source": "acquisition_channel", "Initial Source": "acquisition_channel",
        "Email Marketing Consent": "email_consent", "Email Marketing Consent Timestamp": "email_consent_at",
        "Email Suppressions": "email_blocked", "Suppressions": "email_blocked",
        "SMS Marketing Consent": "sms_consent", "SMS Marketing Consent Timestamp": "sms_consent_at",
    },
    ("Address", "Address 2", "Latitude", "Longitude", "IP Address", "Historic Customer Lifetime Value",
     "Total Customer Lifetime Value", "Predicted Customer Lifetime Value", "Average Order Value",
     "Historic Number Of Orders", "First Active", "Last Active", "Date Added", "Last Open", "Last Click",
     "Average Days Between Orders", "Churn Risk Prediction", "Expected Date Of Next Order"),
)  # fmt: skip
HUBSPOT = System(
    "HubSpot",
    ImportKind.CUSTOMERS,
    ("record id", "email"),
    {
        "Email": "email", "First Name": "first_name", "Last Name": "last_name", "Phone Number": "phone",
        "Mobile Phone Number": "attribute.text.mobile_phone", "Company Name": "company", "Associated Company": "company",
        "Company": "company", "City": "city", "Country/Region": "country", "Country": "country", "Industry": "industry",
        "Create Date": "created_at", "Original Source": "acquisition_channel", "Original Traffic Source":
        "acquisition_channel", "Preferred language": "locale", "Persona": "persona",
        "Record ID": "attribute.text.hubspot_id", "Lifecycle Stage": "attribute.text.lifecycle_stage",
        "Lead Status": "attribute.text.lead_status", "Job Title": "attribute.text.job_title",
        "Marketing contact status": "attribute.text.marketing_contact_status",
        "Unsubscribed from all email": "email_unsubscribed_at", "Email hard bounce reason": "email_bounced_at",
    },
    ("Contact owner", "Last Activity Date", "Record ID - Contact", "Associated Company IDs"),
    "HubSpot says who unsubscribed, not who agreed: nobody is granted consent by this file.",
)  # fmt: skip
SHOPIFY_CUSTOMERS = System(
    "Shopify",
    ImportKind.CUSTOMERS,
    ("accepts email marketing", "total spent", "total orders"),
    {
        "Customer ID": "shopify_id", "First Name": "first_name", "Last Name": "last_name", "Email": "email",
        "Phone": "phone", "Default Address Company": "company", "Company": "company", "Default Address City": "city",
        "City": "city", "Default Address Country Code": "country", "Country Code": "country",
        "Accepts Email Marketing": "email_consent", "Accepts SMS Marketing": "sms_consent", "Tags": "attribute.text.tags",
        "Note": "attribute.text.note", "Default Address Province Code": "attribute.text.province",
        "Province Code": "attribute.text.province", "Default Address Zip": "attribute.text.zip_code",
        "Zip": "attribute.text.zip_code", "Tax Exempt": "attribute.boolean.tax_exempt",
    },
    ("Total Spent", "Total Orders", "Default Address Address1", "Default Address Address2", "Address1", "Address2",
     "Default Address Phone", "Province", "Country", "Accepts WhatsApp Marketing"),
    "Spend and orders are counted from the orders file. Shopify does not write when somebody agreed.",
)  # fmt: skip
SHOPIFY_ORDERS = System(
    "Shopify",
    ImportKind.ORDERS,
    ("name", "financial status", "lineitem quantity", "lineitem price"),
    {
        "Name": "order_number", "Email": "email", "Financial Status": "payment_state", "Created at": "placed_at",
        "Currency": "currency", "Total": "total", "Lineitem quantity": "quantity", "Lineitem name": "product_name",
        "Lineitem price": "unit_price", "Lineitem sku": "sku", "Lineitem discount": "discount",
    },
    note="Only paid orders are taken, with the total that was paid. The file does not say when money was given back: "
    "import a refunds file, or connect Shopify under Settings → Sources.",
)  # fmt: skip
STRIPE = System(
    "Stripe",
    ImportKind.CUSTOMERS,
    ("id", "email", "created (utc)", "delinquent"),
    {
        "id": "stripe_id", "Email": "email", "Name": "first_name", "Phone": "phone", "Created (UTC)": "created_at",
        "Description": "attribute.text.stripe_description", "Plan": "plan", "Currency": "currency",
        "Address City": "city", "Address Country": "country", "Card Address City": "city",
        "Card Address Country": "country", "Delinquent": "attribute.boolean.delinquent",
    },
    ("Card ID", "Card Last4", "Card Brand", "Card Funding", "Card Exp Month", "Card Exp Year", "Card Name",
     "Card Address Line1", "Card Address Line2", "Card Address State", "Card Address Zip", "Card Issue Country",
     "Card Fingerprint", "Card CVC Status", "Card AVS Zip Status", "Card AVS Line1 Status", "Card Tokenization Method",
     "Default Source", "Total Spend", "Payment Count", "Average Order", "Refunded Volume", "Dispute Losses", "Status",
     "Cancel At Period End", "Account Balance", "Tax Percent", "Shipping Name"),
    "Stripe keeps the whole name in one column: it is taken as the first name.",
)  # fmt: skip
ALL = (MAILCHIMP, KLAVIYO, SHOPIFY_CUSTOMERS, SHOPIFY_ORDERS, STRIPE, HUBSPOT)
STATUSES = ("nonsubscribed", "unsubscribed", "subscribed", "cleaned")  # in this order: one name is part of another


def recognise(kind: str, header: Sequence[str]) -> System | None:
    """The system that wrote a file with this header; None for a file of nobody in particular."""
    titles = {title.strip().casefold() for title in header}
    return next((system for system in ALL if system.kind == kind and titles.issuperset(system.marks)), None)


def file_status(system: System | None, file_name: str, header: Sequence[str]) -> str:
    """What all contacts of a Mailchimp file are, by its columns and name; empty when neither says it."""
    if system is not MAILCHIMP:
        return ""
    titles = {title.strip().casefold() for title in header}
    if "clean_time" in titles:
        return "cleaned"
    if "unsub_time" in titles:
        return "unsubscribed"
    plain = re.sub(r"[^a-z]", "", file_name.casefold())
    return next((status for status in STATUSES if plain.startswith(status)), "")


def suggest_for(
    system: System | None, kind: str, header: Sequence[str], sample: Sequence[Sequence[str]] = ()
) -> dict[int, str]:
    """What each column of a file is: by the system that wrote it, or by names."""
    if system is None:
        return suggest(kind, header, sample)
    targets = {plain_name(title): target for title, target in system.targets.items()}
    skipped = {plain_name(title) for title in system.skipped}
    found: dict[int, str] = {}
    for position, title in enumerate(header):
        target = targets.get(plain_name(title))
        if target and target not in found.values():
            found[position] = target
    if kind == ImportKind.CUSTOMERS:
        others = suggest(kind, header, sample)
        names = {target.rsplit(".", 1)[-1] for target in found.values()}
        for position, target in others.items():
            title = plain_name(header[position])
            is_own = position in found or title in skipped or title in targets
            if not is_own and target.startswith("attribute.") and attribute_name(header[position]) not in names:
                found[position] = target
    return dict(sorted(found.items()))
