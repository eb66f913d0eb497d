"""The ledger's two tables, and the database's own refusal to change them."""

from django.db import migrations, models

from oneplace.ledger import triggers


def put_guard_on(apps, schema_editor):
    for statement in triggers.guard_statements(schema_editor.connection.vendor, triggers.FIRST):
        schema_editor.execute(statement, params=None)


def take_guard_off(apps, schema_editor):
    for statement in triggers.unguard_statements(schema_editor.connection.vendor, triggers.FIRST):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Head",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="ledger_has_one_head")],
            },
        ),
        migrations.CreateModel(
            name="Row",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at_real", models.DateTimeField()),
                ("at_business", models.DateTimeField()),
                ("actor", models.CharField(max_length=64)),
                ("role", models.CharField(blank=True, max_length=40)),
                ("organisation", models.CharField(blank=True, max_length=20)),
                ("action", models.CharField(max_length=60)),
                ("subject", models.CharField(blank=True, max_length=64)),
                ("purpose", models.CharField(blank=True, max_length=80)),
                ("basis", models.CharField(blank=True, max_length=400)),
                ("detail", models.TextField(blank=True)),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "indexes": [models.Index(fields=["subject", "seq"], name="ledger_row_subject")],
            },
        ),
        migrations.RunPython(put_guard_on, take_guard_off),
    ]
