"""What has to be asked before changed rules are saved: what entering and leaving customers would start."""

from dataclasses import dataclass, field
from datetime import datetime

from config.kit import sql
from customers.models import Segment
from customers.ports import segment_starts
from customers.ports.segment_starts import Start
from customers.segments.queries import counting, membership
from customers.segments.rules.dump import dump
from customers.segments.rules.tree import Group

MANY = 1000
SECONDS = 10


@dataclass(frozen=True, slots=True)
class Question:
    """`starts`: what would begin for how many; `is_unknown`: counting them took too long; `listening`: names of journeys
    that build on the segment, whether or not anything would start for anybody now."""

    starts: list[Start] = field(default_factory=list)
    listening: list[str] = field(default_factory=list)
    is_unknown: bool = False

    @property
    def most(self) -> int:
        """The most customers that one thing would start for."""
        return max((start.customers for start in self.starts), default=0)

    @property
    def must_answer(self) -> bool:
        """Whether saving without an answer could surprise somebody."""
        return self.is_unknown or self.most > 0

    @property
    def must_confirm(self) -> bool:
        """Whether telling needs a second yes."""
        return self.is_unknown or self.most > MANY

    def is_answered(self, choice: str, confirmed: int) -> bool:
        """Whether "tell" or "quiet" settles it; a yes to many holds while no more than a tenth were added since."""
        if choice == "tell":
            return not self.must_confirm or (confirmed > 0 and confirmed * 11 >= self.most * 10)
        return choice == "quiet" or not self.must_answer


def question(segment: Segment, tree: Group, at: datetime) -> Question | None:
    """What to ask; None when the rules are those stored, when nobody was ever in, or when nothing listens."""
    if segment.refreshed_at is None or dump(tree) == segment.definition:
        return None
    listening = [use.name for use in membership.uses([segment.pk])[segment.pk] if use.kind == "Journey"]
    try:
        with sql.statement_timeout(SECONDS):
            entering, leaving = counting.moving(tree, segment.pk, at)
            starts = [item for port in segment_starts.all() for item in port.find(segment.pk, entering, leaving)]
    except sql.TookTooLong:
        return Question([], listening, is_unknown=True)
    starts = [start for start in starts if start.customers]
    return Question(starts, listening) if starts or listening else None
