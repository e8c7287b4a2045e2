from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    name = "courseplatform.calendars"
    label = "calendars"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registration needs the models, which exist only now.
        from courseplatform.calendars import registration

        registration.register_all()
