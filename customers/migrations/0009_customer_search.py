"""One-box search, orders of the list, notes on customers; fewer indexes on what a file of customers brings in."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from customers.sql import search

STAGES = [
    ("onboarding", "Onboarding"),
    ("adoption", "Adoption"),
    ("growing", "Growing"),
    ("renewal", "Renewal"),
    ("advocate", "Advocate"),
    ("at_risk", "At risk"),
    ("lapsed", "Lapsed"),
    ("won_back", "Won back"),
]


def index(model, name, *fields, condition=None):
    return migrations.AddIndex(model_name=model, index=models.Index(fields=list(fields), name=name, condition=condition))


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_commerce_counting"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="CustomerNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=4000, verbose_name="note")),
                ("created_at", models.DateTimeField(verbose_name="written")),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="customers.customer",
                    ),
                ),
            ],
            options={"verbose_name": "note on a customer", "verbose_name_plural": "notes on customers"},
        ),
        index("customernote", "note_customer_created", "customer", "created_at"),
        migrations.RemoveIndex(model_name="customerfacts", name="customers_c_order_c_81d08a_idx"),
        migrations.RemoveIndex(model_name="customerfacts", name="customers_c_revenue_227271_idx"),
        index("customerfacts", "facts_order_count", "order_count", "customer"),
        index("customerfacts", "facts_revenue", "revenue_minor", "customer"),
        migrations.AlterField(
            model_name="customer",
            name="country",
            field=models.CharField(blank=True, default="", max_length=2, verbose_name="country"),
        ),
        migrations.AlterField(
            model_name="customer",
            name="stage",
            field=models.CharField(blank=True, choices=STAGES, default="", max_length=12, verbose_name="stage"),
        ),
        index("customer", "customer_country", "country"),
        index("customer", "customer_stage", "stage"),
        index("customer", "customer_plan", "plan", condition=models.Q(("plan", ""), _negated=True)),
        migrations.RunPython(
            lambda apps, schema_editor: search.install(schema_editor),
            lambda apps, schema_editor: search.remove(schema_editor),
            elidable=False,
        ),
    ]
