from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "courseplatform.uploads"
    label = "uploads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courseplatform.accounts.exporting import add_export_section
        from courseplatform.core import health
        from courseplatform.core.file_places import Place, add_place, file_fields
        from courseplatform.core.leaving import MEDIA
        from courseplatform.metrics.kinds import FILE, mark_app, mark_routes
        from courseplatform.metrics.sources import add_source
        from courseplatform.uploads.exporting import SECTION
        from courseplatform.uploads.media_place import media_store
        from courseplatform.uploads.metrics import open_uploads
        from courseplatform.uploads.spools.base import storage_health

        health.add_probe("storage", storage_health)
        add_source("uploads", open_uploads)
        mark_app(FILE, "uploads")
        mark_routes(FILE, "api:upload", "api:uploads")
        add_export_section(SECTION)
        add_place(Place(MEDIA, media_store, file_fields))
