"""Adding an index to a large table while the shop sells on."""

from __future__ import annotations

from typing import Any

from django.db import migrations


class AddIndexUnlocked(migrations.AddIndex):
    """``AddIndex``, on PostgreSQL without keeping others from writing meanwhile (MariaDB does so by itself).

    In a migration that is not atomic. One that was broken off leaves an index that is not valid: drop it by
    its name, and migrate again.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.add_index(model, self.index, concurrently=True)
        else:
            schema_editor.add_index(model, self.index)
