"""The tracking plan of the sample company: what its events hold, and one property that changed its type."""

from customers.ports.samples import Story
from customers.tracking.actions import attributes, fold


def build(story: Story) -> None:
    """Fold in what the story's events held so far; the jobs go on with it."""
    fold.waiting(at=story.at)
    attributes.scan(at=story.at)
    story.progress("tracking", 1)
