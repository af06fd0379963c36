"""Pure decisions of journeys: what a graph means, when a wait ends, who is held out. No database."""
