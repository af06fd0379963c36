"""The sample company's journeys and the people who walked them."""

from customers.ports.samples import Story


def build(story: Story) -> None:
    """Make the journeys."""
