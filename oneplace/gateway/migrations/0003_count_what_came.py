"""Counts by hour of what had come before they were kept; a repeat is counted in the hour of its first."""

from django.db import migrations
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncHour


def count(apps, schema_editor):
    receipts = apps.get_model("gateway", "Receipt").objects.order_by()
    rows = receipts.values("feed_id", hour=TruncHour("received_at")).annotate(
        filed=Count("pk", filter=Q(outcome="filed")),
        quarantined=Count("pk", filter=Q(outcome="quarantined")),
        again=Sum("duplicates"),
    )
    hours = apps.get_model("gateway", "FeedHour")
    hours.objects.bulk_create(
        [
            hours(
                feed_id=row["feed_id"],
                hour=row["hour"],
                received=row["filed"] + row["quarantined"] + row["again"],
                filed=row["filed"],
                quarantined=row["quarantined"],
                duplicate=row["again"],
            )
            for row in rows
        ]
    )


class Migration(migrations.Migration):
    dependencies = [("gateway", "0002_monitor")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
