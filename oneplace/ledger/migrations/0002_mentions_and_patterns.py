"""Whom rows list, so that they are found by them; patterns of use and what was made of them; indexes for searches."""

import django.db.models.deletion
from django.db import migrations, models

import oneplace.kernel.ids
from oneplace.ledger import rules, triggers

TABLES = ("ledger_mention",)


def mention_what_was_listed(apps, schema_editor):
    """Rows that were written before this table."""
    rows = apps.get_model("ledger", "Row").objects.filter(detail__contains='"shown"').values_list("seq", "detail")
    mention = apps.get_model("ledger", "Mention")
    made = (mention(seq=seq, subject=key) for seq, detail in rows.iterator() for key in rules.shown_in(detail))
    mention.objects.bulk_create(made, batch_size=1000)


def put_guard_on(apps, schema_editor):
    for statement in triggers.guard_statements(schema_editor.connection.vendor, TABLES):
        schema_editor.execute(statement, params=None)


def take_guard_off(apps, schema_editor):
    for statement in triggers.unguard_statements(schema_editor.connection.vendor, TABLES):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                ("subject", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Pattern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(default=oneplace.kernel.ids.new_key, max_length=22, unique=True)),
                ("rule", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=64)),
                ("role", models.CharField(blank=True, max_length=40)),
                ("organisation", models.CharField(blank=True, max_length=20)),
                ("subject", models.CharField(blank=True, max_length=64)),
                ("day", models.DateField()),
                ("seq", models.BigIntegerField()),
                ("words", models.CharField(blank=True, max_length=200)),
                ("found_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PatternReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("outcome", models.CharField(max_length=8)),
                ("note", models.CharField(max_length=400)),
                ("by", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddIndex(
            model_name="row",
            index=models.Index(fields=["actor", "seq"], name="ledger_row_actor"),
        ),
        migrations.AddIndex(
            model_name="row",
            index=models.Index(fields=["at_real"], name="ledger_row_at"),
        ),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(fields=["subject", "seq"], name="ledger_mention_subject"),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(fields=("seq", "subject"), name="ledger_one_mention_a_row"),
        ),
        migrations.AddIndex(
            model_name="pattern",
            index=models.Index(fields=["-day", "-id"], name="ledger_pattern_newest"),
        ),
        migrations.AddConstraint(
            model_name="pattern",
            constraint=models.UniqueConstraint(
                fields=("rule", "actor", "subject", "day"), name="ledger_one_pattern_a_day"
            ),
        ),
        migrations.AddField(
            model_name="patternreview",
            name="pattern",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="ledger.pattern"
            ),
        ),
        migrations.AddConstraint(
            model_name="patternreview",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["fine", "asked", "action"])), name="ledger_outcome_is_known"
            ),
        ),
        migrations.RunPython(mention_what_was_listed, migrations.RunPython.noop),
        migrations.RunPython(put_guard_on, take_guard_off),
    ]
