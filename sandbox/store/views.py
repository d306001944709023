"""The front page."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView
from oscar.core.loading import get_model

from .goods import FEATURED, VOUCHER_CODE

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")


class HomeView(TemplateView):
    """Shows the departments and what is in season."""

    template_name = "store/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what there is to show."""
        products = Product.objects.browsable().base_queryset().filter(upc__in=FEATURED)
        return {
            **super().get_context_data(**kwargs),
            "departments": Category.objects.browsable().filter(depth=1),
            "featured": sorted(products, key=lambda product: FEATURED.index(product.upc)),
            "voucher_code": VOUCHER_CODE,
        }
