"""Files that are kept as ciphertext."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column with a default that the database keeps, so that older code can still insert."""

    dependencies = [("core", "0003_work_item_order")]

    operations = [
        migrations.AddField(
            model_name="storedfile",
            name="is_sealed",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
