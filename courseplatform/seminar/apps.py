from django.apps import AppConfig


class SeminarConfig(AppConfig):
    name = "courseplatform.seminar"
    label = "seminar"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.seminar import registration

        registration.register_all()
