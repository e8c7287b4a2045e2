from django.apps import AppConfig


class ScribeConfig(AppConfig):
    name = "courseplatform.scribe"
    label = "scribe"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.scribe import registration

        registration.register_all()
