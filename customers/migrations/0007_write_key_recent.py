from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_standings_and_tracked_days")]

    operations = [
        migrations.AddField(
            model_name="writekey",
            name="message_count",
            field=models.BigIntegerField(default=0, editable=False, verbose_name="messages taken in"),
        ),
        migrations.AddField(
            model_name="writekey",
            name="recent",
            field=models.JSONField(default=list, editable=False, verbose_name="latest messages"),
        ),
    ]
