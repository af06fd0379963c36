"""For the company's own programs: customers and orders to read, segments to write. JSON, cursor pages, session sign-in."""
