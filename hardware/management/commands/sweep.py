from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hardware import leases
from hardware.inventory import sweep as lending
from hardware.runners import alerts, duty, hours


class Command(BaseCommand):
    help = "Give jobs of silent workers back to the queue, wake workers for what waits, and remind whoever has something due."

    def handle(self, *args: Any, **options: Any) -> None:
        found = leases.sweep()
        self.stdout.write(f"{found['expired']} given back, {found['waiting']} waiting")
        loans = lending.run()
        self.stdout.write(
            f"loans: {loans['moved']} days moved, {loans['reminded']} reminded, {loans['digests']} digests"
        )
        now = timezone.now()
        duty.sweep(now)
        troubles, fleet = alerts.sweep(now), hours.sweep(now)
        self.stdout.write(
            f"runners: {troubles} troubles told, {fleet['hours']} hours summed, {fleet['samples']} samples gone"
        )
