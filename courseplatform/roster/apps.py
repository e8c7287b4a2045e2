from django.apps import AppConfig


class RosterConfig(AppConfig):
    name = "courseplatform.roster"
    label = "roster"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.roster import registration

        registration.register_all()
