from django.apps import AppConfig


class KeepingConfig(AppConfig):
    name = "courseplatform.keeping"
    label = "keeping"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courseplatform.keeping import registration

        registration.register_all()
