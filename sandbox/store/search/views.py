"""The lists of the catalogue, from the database: everything, a department, and what a word is found in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView
from oscar.core.loading import get_model

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")


class CatalogueView(ListView):
    """Everything that is sold."""

    template_name = "oscar/catalogue/browse.html"
    context_object_name = "products"
    paginate_by = settings.OSCAR_PRODUCTS_PER_PAGE
    extra_context = {"summary": _("All products")}

    def get_queryset(self) -> Any:
        """Return the products that are shown, in the order of their numbers."""
        return Product.objects.browsable().base_queryset().order_by("upc")


class ProductCategoryView(CatalogueView):
    """What is sold in one department."""

    template_name = "oscar/catalogue/category.html"

    def get_queryset(self) -> Any:
        """Return the department's products."""
        self.category = get_object_or_404(Category.objects.browsable(), pk=self.kwargs["pk"])
        departments = self.category.get_descendants_and_self()
        return super().get_queryset().filter(categories__in=departments).distinct()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the department."""
        return super().get_context_data(category=self.category, **kwargs)


class FacetedSearchView(CatalogueView):
    """What somebody has searched for, in the words of their own language."""

    template_name = "oscar/search/results.html"

    def get_queryset(self) -> Any:
        """Return the products in whose title or description all the words are."""
        self.query = self.request.GET.get("q", "").strip()
        return [
            product
            for product in super().get_queryset()
            if self.query
            and all(
                word in f"{product.get_title()} {gettext(product.description)}".casefold()
                for word in self.query.casefold().split()
            )
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what was asked for."""
        return super().get_context_data(query=self.query, **kwargs)
