from django.db import models


class Heartbeat(models.Model):
    """The last time that a task went round through the broker and a worker of this name.

    `boot` names the start of the embedded world that it happened in, so that a row from before a restart proves
    nothing.
    """

    name = models.CharField(max_length=40, unique=True)
    boot = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
