"""The database's own clock: leases are compared with it, so that no worker's wrong clock can take another's work."""

from datetime import datetime

from django.db import connection

from config.kit import sql
from config.kit.clock import now


def database_now() -> datetime:
    """The moment of the database server (SQLite lives in this process and uses its clock)."""
    if not sql.is_postgresql():
        return now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
