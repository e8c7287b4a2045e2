from typing import Any

from django.core.management.base import BaseCommand

from hardware import leases
from hardware.inventory import sweep as lending


class Command(BaseCommand):
    help = "Give jobs of silent workers back to the queue, wake workers for what waits, and remind whoever has something due."

    def handle(self, *args: Any, **options: Any) -> None:
        found = leases.sweep()
        self.stdout.write(f"{found['expired']} given back, {found['waiting']} waiting")
        loans = lending.run()
        self.stdout.write(
            f"loans: {loans['moved']} days moved, {loans['reminded']} reminded, {loans['digests']} digests"
        )
