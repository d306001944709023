"""The test shop's addresses, and beside them the views that ours are compared with."""

from __future__ import annotations

from django.urls import path

from tests.urls import urlpatterns as shop

from . import baseline

urlpatterns = [
    path("baseline/repeated/<str:token>/", baseline.repeated),
    path("baseline/completing/<str:token>/", baseline.completing),
    path("baseline/completing-with-oscar/<str:token>/", baseline.completing_with_oscar),
    *shop,
]
