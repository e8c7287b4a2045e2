from django.apps import AppConfig


class CliConfig(AppConfig):
    name = "courseplatform.cli"
    label = "cli"
