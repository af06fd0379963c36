"""What is decided about a sign-up before anything is read from the database."""

LAPSES_AFTER_DAYS = 7
KEPT_AFTER_LAPSE_DAYS = 30
PER_ADDRESS_AND_DAY = 3
FASTEST_SECONDS = 2  # nobody reads a form and types an address faster


def is_machine(*, honeypot: str, seconds: float | None) -> bool:
    """Whether a form was filled in by a program: the field nobody sees is filled, or it came back at once.

    `seconds` since the form was shown, None when the form stood on another website.
    """
    return bool(honeypot.strip()) or (seconds is not None and seconds < FASTEST_SECONDS)
