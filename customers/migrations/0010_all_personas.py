from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0009_customer_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="customerstanding",
            name="all_personas",
            field=models.TextField(blank=True, default="", verbose_name="all personas"),
        ),
    ]
