"""What a user may do hangs on their employments alone: the old columns go. Backwards they are filled from the hats."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0002_employment")]

    operations = [
        # The default serves the way back alone, where the columns stand empty until the hats fill them.
        migrations.AlterField("user", "role", models.CharField(max_length=40, default="")),
        migrations.AlterField("user", "organisation_code", models.CharField(max_length=20, default="")),
        migrations.RemoveField("user", "organisation_code"),
        migrations.RemoveField("user", "role"),
    ]
