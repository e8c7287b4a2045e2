from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "courseplatform.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.notices import registration

        registration.register_all()
