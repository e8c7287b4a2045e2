from django.apps import AppConfig


class ParticipationConfig(AppConfig):
    name = "courseplatform.participation"
    label = "participation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.participation import registration

        registration.register_all()
