"""Which LMS is believed, which of its courses is ours, who is who, and what is on its way."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("courses", "0006_file_copies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Deployment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deployment_id", models.CharField(max_length=255)),
                ("is_active", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="RegistrationInvite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("made_by", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ToolKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kid", models.CharField(max_length=64, unique=True)),
                ("public", models.TextField()),
                ("private", models.TextField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="CourseLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("context_id", models.CharField(max_length=255)),
                ("context_title", models.CharField(blank=True, max_length=255)),
                ("linked_by", models.CharField(max_length=120)),
                ("linked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("nrps_url", models.CharField(blank=True, max_length=1000)),
                ("lineitems_url", models.CharField(blank=True, max_length=1000)),
                ("scopes", models.JSONField(default=list)),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lti_link", to="courses.course"
                    ),
                ),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="links", to="lti.deployment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Launch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("state", models.CharField(max_length=80)),
                ("sub", models.CharField(max_length=255)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("proves_address", models.BooleanField(default=False)),
                ("role", models.CharField(blank=True, max_length=12)),
                ("context_id", models.CharField(blank=True, max_length=255)),
                ("context_title", models.CharField(blank=True, max_length=255)),
                ("key", models.CharField(blank=True, max_length=120)),
                ("resource_link_id", models.CharField(blank=True, max_length=255)),
                ("services", models.JSONField(default=dict)),
                ("deep_link", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("entered_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="launches", to="lti.deployment"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ListedMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sub", models.CharField(max_length=255)),
                ("email", models.EmailField(blank=True, max_length=254)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="lti.courselink"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Platform",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("issuer", models.CharField(max_length=255)),
                ("client_id", models.CharField(max_length=255)),
                ("site_url", models.URLField(max_length=300)),
                ("auth_login_url", models.URLField(max_length=500)),
                ("auth_token_url", models.URLField(max_length=500)),
                ("key_set_url", models.URLField(max_length=500)),
                ("auth_audience", models.CharField(blank=True, max_length=500)),
                ("vouches_for_addresses", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("made_by", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ("name", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "client_id"), name="one_platform_per_client")
                ],
            },
        ),
        migrations.CreateModel(
            name="LoginAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(max_length=80, unique=True)),
                ("nonce", models.CharField(max_length=80, unique=True)),
                (
                    "asked",
                    models.JSONField(
                        default=dict, help_text="what the LMS sent, to begin again in a window of its own"
                    ),
                ),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attempts", to="lti.platform"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sub", models.CharField(max_length=255)),
                ("how", models.CharField(help_text="why this was believed", max_length=60)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lti_identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="identities", to="lti.platform"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "identities",
            },
        ),
        migrations.AddField(
            model_name="deployment",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="deployments", to="lti.platform"
            ),
        ),
        migrations.CreateModel(
            name="ResourceLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("resource_link_id", models.CharField(max_length=255)),
                ("key", models.CharField(blank=True, max_length=120)),
                ("lineitem_url", models.CharField(blank=True, max_length=1000)),
                ("seen_at", models.DateTimeField(auto_now=True)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="resources", to="lti.courselink"
                    ),
                ),
            ],
            options={
                "ordering": ("-seen_at", "-pk"),
            },
        ),
        migrations.AddConstraint(
            model_name="courselink",
            constraint=models.UniqueConstraint(fields=("deployment", "context_id"), name="context_linked_once"),
        ),
        migrations.AddConstraint(
            model_name="listedmember",
            constraint=models.UniqueConstraint(fields=("link", "sub"), name="listed_once"),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(fields=("platform", "sub"), name="lti_sub_once"),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.UniqueConstraint(fields=("platform", "deployment_id"), name="deployment_once"),
        ),
        migrations.AddConstraint(
            model_name="resourcelink",
            constraint=models.UniqueConstraint(fields=("link", "resource_link_id"), name="resource_once"),
        ),
    ]
