from django.apps import AppConfig


class GradingConfig(AppConfig):
    name = "grading"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from grading import registration

        registration.register_all()
