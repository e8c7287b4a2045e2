"""The devices that come with Milliamp, for anybody: side by side, and one with the source of each number."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from courseplatform.core.audience import public
from courseplatform.core.errors import NotHere
from courseplatform.core.tables import csv_response
from courseplatform.courses.models import Course
from hardware import comparing
from hardware.hooks import calibrations_of
from hardware.profiles import DeviceProfile, load_profiles, today_slug


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    context = compared(load_profiles()) | {"plot_url": reverse("devices:plot"), "csv_url": reverse("devices:csv")}
    return render(request, "hardware/index.html", context)


@public
@require_safe
def plot(request: HttpRequest) -> HttpResponse:
    return JsonResponse(comparing.plot(load_profiles()))


@public
@require_safe
def csv(request: HttpRequest) -> HttpResponse:
    return csv_of(load_profiles())


@public
@require_safe
def device(request: HttpRequest, device: str) -> HttpResponse:
    profile = load_profiles().get(today_slug(device))
    if profile is None:
        raise NotHere("There is no device of that name.")
    if profile.slug != device:
        return redirect("devices:device", device=profile.slug, permanent=True)
    return render(request, "hardware/device.html", told(profile))


def compared(profiles: dict[str, DeviceProfile]) -> dict[str, Any]:
    """What the page of all devices shows, that of the site and that of a course."""
    return {
        "rows": comparing.device_rows(profiles), "tiers": comparing.tier_rows(), "finding": comparing.finding(profiles),
        "height": comparing.HEIGHT,
    }  # fmt: skip


def told(profile: DeviceProfile, course: Course | None = None) -> dict[str, Any]:
    return {
        "profile": profile, "groups": comparing.fact_groups(profile), "calibrations": calibrations_of(profile, course),
        "hardware_source": profile.sources.get("hardware", ""), "estimates": comparing.estimates(profile),
    }  # fmt: skip


def csv_of(profiles: dict[str, DeviceProfile]) -> HttpResponse:
    return csv_response("devices.csv", [*comparing.COLUMNS, "runtimes"], comparing.csv_rows(profiles))
