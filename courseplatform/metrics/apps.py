from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "courseplatform.metrics"
    label = "metrics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The sources need the models, which exist only now.
        from courseplatform.metrics import log_lines, site

        site.register()
        log_lines.register()
