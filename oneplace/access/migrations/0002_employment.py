"""Employments: each user's one role in one organisation becomes their first hat. The next migration drops the old
columns: PostgreSQL alters no table in the transaction that wrote rows of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import oneplace.kernel.ids


def hats_from_users(apps, schema_editor):
    Employment = apps.get_model("access", "Employment")
    for user in apps.get_model("access", "User").objects.exclude(role="").iterator():
        Employment.objects.create(
            key=oneplace.kernel.ids.new_key(),
            user=user,
            role=user.role,
            organisation_code=user.organisation_code,
            starts=user.date_joined,
        )


def users_from_hats(apps, schema_editor):
    """Back again: the oldest hat that is still in force, else the oldest."""
    for user in apps.get_model("access", "User").objects.iterator():
        hats = sorted(user.employments.all(), key=lambda hat: (hat.ends is not None, hat.starts))
        if hats:
            user.role, user.organisation_code = hats[0].role, hats[0].organisation_code
            user.save(update_fields=["role", "organisation_code"])


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Employment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(default=oneplace.kernel.ids.new_key, editable=False, max_length=22, unique=True),
                ),
                ("role", models.CharField(max_length=40)),
                ("organisation_code", models.CharField(max_length=20)),
                ("team_code", models.CharField(blank=True, max_length=20)),
                ("starts", models.DateTimeField()),
                ("ends", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="employments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation_code", "starts"], name="access_staff_of")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ends__isnull", True)),
                        fields=("user", "role", "organisation_code"),
                        name="access_one_hat_a_role",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends__isnull", True), ("ends__gte", models.F("starts")), _connector="OR"),
                        name="access_employment_order",
                    ),
                ],
            },
        ),
        migrations.RunPython(hats_from_users, users_from_hats),
    ]
