"""Read access for the company's own programs: customers, orders, segments. JSON, cursor pages, session sign-in."""
