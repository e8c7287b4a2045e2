from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "courseplatform.status"
    label = "status"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courseplatform.status import registration

        registration.register_all()
