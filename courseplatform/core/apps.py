from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "courseplatform.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courseplatform import checks, deployment_checks  # noqa: F401 before `check` asks what there is; urls come too late
        from courseplatform.core import alive, kept  # alive listens to Celery

        assert alive
        kept.listen()
