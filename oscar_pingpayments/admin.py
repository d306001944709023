"""Admin pages that show our rows and change nothing: the ledger alone writes them."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import admin
from django.db.models import F, Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from . import ledger
from .models import Callback, Effect, Exchange, Payment, PaymentOrder, Refund, StaffAction


class ReadOnly:
    """What a model's admin and its inlines must not do."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows come from payments."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows follow from what Ping says."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Money leaves a trail."""
        return False


class PaymentInline(ReadOnly, admin.TabularInline):
    model = Payment
    extra = 0
    fields = ["number", "status", "amount", "amount_received", "reason", "error", "created_at", "asked_at"]
    show_change_link = True


class StaffActionInline(ReadOnly, admin.TabularInline):
    model = StaffAction
    extra = 0


@admin.register(PaymentOrder)
class PaymentOrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order_number", "state", "attention", "amount", "currency", "amount_paid", "created_at"]
    # Not a date hierarchy: it fails on a MySQL or MariaDB without time zone tables.
    list_filter = ["state", "attention", "environment", "currency", "created_at"]
    search_fields = ["order_number", "=ping_id"]
    exclude = ["token"]
    readonly_fields = ["order_comes_to"]
    inlines = [PaymentInline, StaffActionInline]
    show_full_result_count = False

    @admin.display(description=_("the order's lines come to"))
    def order_comes_to(self, payment_order: PaymentOrder) -> Decimal | None:
        """What the order is worth by now: staff may have edited it since the payment was asked for."""
        return ledger.comes_to(payment_order.order) if payment_order.order else None


class RefundInline(ReadOnly, admin.TabularInline):
    model = Refund
    extra = 0
    fields = ["amount", "state", "status", "error", "reason", "description", "message", "by", "created_at"]
    readonly_fields = ["state"]

    def state(self, refund: Refund) -> str:
        """How it stands."""
        return refund.get_state_display()


class CallbackInline(ReadOnly, admin.TabularInline):
    model = Callback
    extra = 0
    fields = ["at", "outcome", "verified"]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["payment_order", "number", "status", "amount", "currency", "created_at", "ask_again_at"]
    list_filter = ["status"]
    list_select_related = ["payment_order"]
    search_fields = ["payment_order__order_number", "=ping_id"]
    # Whoever holds the address of the payment page can pay there; nobody here needs to.
    exclude = ["pay_url", "live", "page_asked_at"]
    inlines = [RefundInline, CallbackInline]
    show_full_result_count = False


@admin.register(Callback)
class CallbackAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "payment", "outcome", "verified"]
    list_filter = ["outcome"]
    list_select_related = ["payment__payment_order"]
    show_full_result_count = False


@admin.register(Exchange)
class ExchangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "payment_order", "method", "path", "status_code", "milliseconds", "error"]
    list_filter = ["method", "status_code"]
    list_select_related = ["payment_order"]
    search_fields = ["payment_order__order_number", "path", "=request_id"]
    show_full_result_count = False


@admin.register(StaffAction)
class StaffActionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "payment_order", "by", "name", "detail"]
    list_filter = ["name"]
    list_select_related = ["payment_order"]
    search_fields = ["payment_order__order_number", "by"]
    show_full_result_count = False


@admin.register(Effect)
class EffectAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["created_at", "payment_order", "name", "done_at", "tries", "error"]
    list_filter = ["name"]
    list_select_related = ["payment_order"]
    ordering = [F("done_at").asc(nulls_first=True), "-pk"]  # undone ones are what one looks for
    show_full_result_count = False
