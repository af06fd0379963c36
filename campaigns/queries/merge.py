"""Variables of messages that this app offers: the person's own preference page."""

from collections.abc import Sequence

from customers.consents.rules.links import preferences_url
from customers.ports.merge import MergeContext, MergeSource, Values, Variable, register


def fetch(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """The address of the preference page by customer id; a preview gets none that works."""
    if context.is_preview:
        sample = preferences_url(0).rpartition("/")[0] + "/preview"
        return {customer_id: {"url": sample} for customer_id in customer_ids}
    return {customer_id: {"url": preferences_url(customer_id)} for customer_id in customer_ids}


def register_all() -> None:
    """Offer the variables in the picker."""
    url = Variable("url", "Link to the person's preference page", "https://example.com/p/me/preview")
    register(MergeSource("preferences", "Preferences", (url,), fetch))
