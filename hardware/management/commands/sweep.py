from typing import Any

from django.core.management.base import BaseCommand

from hardware import leases


class Command(BaseCommand):
    help = "Give jobs of silent workers back to the queue, and wake workers for what waits."

    def handle(self, *args: Any, **options: Any) -> None:
        found = leases.sweep()
        self.stdout.write(f"{found['expired']} given back, {found['waiting']} waiting")
