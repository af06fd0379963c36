"""Settings and running figures of subscriptions; lists of orders by time; their history cannot be changed."""

from django.db import migrations, models

from customers.commerce.sql import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_write_key_recent"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommerceSettings",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "cancel_counts",
                    models.CharField(
                        choices=[
                            ("term_end", "Until the paid term ends"),
                            ("at_once", "Not from the moment it is cancelled"),
                        ],
                        default="term_end",
                        max_length=10,
                        verbose_name="a cancelled subscription counts",
                    ),
                ),
                (
                    "new_after_days",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="a return counts as new after"),
                ),
                (
                    "renewal_grace_days",
                    models.PositiveSmallIntegerField(default=14, verbose_name="a late renewal counts within"),
                ),
                ("rebuild_after", models.BigIntegerField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "commerce settings",
                "verbose_name_plural": "commerce settings",
            },
        ),
        migrations.RemoveConstraint(
            model_name="refund",
            name="refund_amount_positive",
        ),
        migrations.AddField(
            model_name="customerfacts",
            name="mrr_minor",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="MRR"),
        ),
        migrations.AddField(
            model_name="customerfacts",
            name="subscribed_since",
            field=models.DateTimeField(null=True, verbose_name="subscribed since"),
        ),
        migrations.AddField(
            model_name="customerfacts",
            name="subscription_count",
            field=models.IntegerField(db_default=0, default=0, verbose_name="running subscriptions"),
        ),
        migrations.AddField(
            model_name="customerfacts",
            name="subscription_ends_at",
            field=models.DateTimeField(null=True, verbose_name="cancelled for"),
        ),
        migrations.AddField(
            model_name="customerfacts",
            name="subscription_status",
            field=models.CharField(
                blank=True,
                choices=[
                    ("trialing", "Trial"),
                    ("active", "Active"),
                    ("past_due", "Payment overdue"),
                    ("paused", "Paused"),
                    ("ended", "Ended"),
                ],
                db_default="",
                default="",
                max_length=10,
                verbose_name="subscription",
            ),
        ),
        migrations.AddField(
            model_name="subscriptionchange",
            name="interval_months",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="term in months"),
        ),
        migrations.AddField(
            model_name="subscriptionchange",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="started"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["placed_at", "id"], name="order_placed"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state", "paid"), _negated=True),
                fields=["state", "placed_at", "id"],
                name="order_not_paid",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("charged_currency", ""), _negated=True),
                fields=["charged_currency", "placed_at", "id"],
                name="order_foreign",
            ),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["status", "id"], name="subscription_status"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                condition=models.Q(("cancel_at__isnull", False)), fields=["cancel_at"], name="subscription_ending"
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionchange",
            index=models.Index(
                condition=models.Q(("is_renewal", True)), fields=["changed_at"], name="subscription_change_renewal"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gte", 0)), name="refund_amount_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="commercesettings",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="one_commerce_settings"),
        ),
        migrations.RunPython(append_only.install, append_only.uninstall),
    ]
