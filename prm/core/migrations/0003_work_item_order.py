"""An index in the order of a whole queue: one kind of open work, priority first, then the least time left."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Only an index."""

    dependencies = [("core", "0002_guards")]

    operations = [
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(closed_at=None),
                fields=["kind", "-priority", "due_at", "id"],
                name="core_work_item_order",
            ),
        ),
    ]
