from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "courseplatform.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courseplatform.accounts import exporting, session_signals
        from courseplatform.accounts.models import User
        from courseplatform.core.kept import quiet

        quiet(User)
        exporting.register()
        session_signals.connect()
