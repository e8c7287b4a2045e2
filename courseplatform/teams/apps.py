from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "courseplatform.teams"
    label = "teams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.teams import registration

        registration.register_all()
