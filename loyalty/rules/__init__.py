"""Pure decisions of the loyalty programme: no database, no clock."""
