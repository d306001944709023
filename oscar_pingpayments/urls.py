"""The addresses that Ping and payers come to; a shop includes them outside ``i18n_patterns``."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "pingpayments"

urlpatterns = [
    path("callback/<str:token>/", views.callback, name="callback"),
    path("refunds/<str:token>/", views.refunds, name="refunds"),
    path("return/<str:token>/", views.come_back, name="return"),
    path("payment/<str:token>/", views.payment, name="payment"),
    path("payment/<str:token>/state/", views.state, name="state"),
    path("payment/<str:token>/pay/", views.pay, name="pay"),
    path("payment/<str:token>/change/", views.change, name="change"),
]
