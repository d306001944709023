"""The addresses of the test shop: in two languages, with ours outside of them."""

from __future__ import annotations

from django.apps import apps
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("pingpayments/", include("oscar_pingpayments.urls")),
    *i18n_patterns(path("", include(apps.get_app_config("oscar").urls[0]))),
]
