from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "courseplatform.uploads"
    label = "uploads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courseplatform.accounts.exporting import add_export_section
        from courseplatform.core import health
        from courseplatform.uploads.exporting import SECTION
        from courseplatform.uploads.spools.base import storage_health

        health.add_probe("storage", storage_health)
        add_export_section(SECTION)
