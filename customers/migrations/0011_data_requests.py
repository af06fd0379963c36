"""When requests of data subjects are due, and pairs that staff said are different people."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0010_all_personas")]

    operations = [
        migrations.AddField("datarequest", "due_on", models.DateField(db_index=True, null=True, verbose_name="to be answered by")),
        migrations.AddField("datarequest", "runs_at", models.DateTimeField(null=True, verbose_name="carried out from")),
        migrations.CreateModel(
            name="DifferentPeople",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lower_number", models.BigIntegerField(verbose_name="customer")),
                ("higher_number", models.BigIntegerField(verbose_name="other customer")),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
            ],
            options={
                "verbose_name": "pair of different people",
                "verbose_name_plural": "pairs of different people",
                "constraints": [
                    models.UniqueConstraint(fields=("lower_number", "higher_number"), name="different_people_once")
                ],
            },
        ),
    ]
