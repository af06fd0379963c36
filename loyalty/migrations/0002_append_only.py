"""The database refuses to update or delete what the points ledger holds."""

from django.db import migrations

from loyalty.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial")]

    operations = [migrations.RunPython(append_only.install, append_only.uninstall)]
