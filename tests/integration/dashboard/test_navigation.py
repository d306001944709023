"""The entry in the dashboard's navigation: where it is, what is on it, and what it costs."""

from __future__ import annotations

from copy import deepcopy

import pytest
from django.conf import settings
from django.urls import reverse
from oscar import defaults

from oscar_pingpayments.dashboard import navigation
from oscar_pingpayments.dashboard.navigation import URL_NAME, with_entry
from tests.benchmarks.figures import count_queries

from .conftest import at, make, text

ORDERS = {"label": "Orders", "url_name": "dashboard:order-list"}


def names(sections) -> list[list[str | None]]:
    return [
        [section.get("url_name"), *(child["url_name"] for child in section.get("children", []))]
        for section in sections
    ]


def test_the_entry_stands_after_oscars_orders():
    section = next(names for names in names(settings.OSCAR_DASHBOARD_NAVIGATION) if URL_NAME in names)

    assert section[1:3] == ["dashboard:order-list", URL_NAME]
    assert sum(found.count(URL_NAME) for found in names(settings.OSCAR_DASHBOARD_NAVIGATION)) == 1


def test_oscars_own_list_is_left_alone():
    assert URL_NAME not in str(names(defaults.OSCAR_DASHBOARD_NAVIGATION))


def test_the_section_may_be_called_anything():
    shops_own = [{"label": "Verkauf", "children": [ORDERS, {"label": "X", "url_name": "dashboard:x"}]}]
    before = deepcopy(shops_own)

    assert names(with_entry(shops_own)) == [[None, "dashboard:order-list", URL_NAME, "dashboard:x"]]
    assert shops_own == before


def test_without_a_section_of_orders_it_has_a_place_of_its_own():
    found = with_entry([{"label": "Index", "url_name": "dashboard:index"}])

    assert names(found) == [["dashboard:index"], [URL_NAME]]


@pytest.mark.parametrize(
    "sections",
    [
        [{"label": "Money", "url_name": URL_NAME}, {"label": "Sales", "children": [ORDERS]}],
        [{"label": "Sales", "children": [ORDERS, {"label": "Money", "url_name": URL_NAME}]}],
    ],
    ids=["alone", "in a section"],
)
def test_an_entry_of_the_shops_own_is_the_only_one(sections):
    assert with_entry(sections) == sections
    assert with_entry(with_entry([{"label": "Sales", "children": [ORDERS]}])) == with_entry(
        [{"label": "Sales", "children": [ORDERS]}]
    )


def test_the_number_of_payments_that_need_attention_is_on_it(desk, shop):
    make({}, {"attention": "duplicate"}, {"attention": "late"})

    page = text(desk.get(reverse("dashboard:index")))

    assert 'Card payments <span class="badge badge-danger">2<span class="sr-only"> need attention' in page


def test_there_is_no_number_where_all_is_well(desk, shop):
    make({})

    page = text(desk.get(reverse("dashboard:index")))

    assert f'href="{at("list")}"> Card payments </a>' in page
    assert "need attention" not in page


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("attention", "Needs attention"),
        ("overview", "Overview"),
        ("reconciliation", "Reconciliation"),
        ("health", "Callbacks"),
    ],
)
def test_the_crumbs_of_a_page_lead_back_to_the_payments(desk, shop, page, name):
    crumbs = text(desk.get(at(page))).partition('<ol class="breadcrumb">')[2].partition("</ol>")[0]

    assert f'<a href="{at("list")}">Card payments</a></li> ' in crumbs
    assert crumbs.rstrip().endswith(f'aria-current="page">{name}</li>')


def test_many_are_not_counted_to_the_end(shop, monkeypatch):
    monkeypatch.setattr(navigation, "MOST", 2)
    make({"attention": "late"}, {"attention": "late"})
    assert ">2<" in str(navigation.with_entry([])[0]["label"])

    make({"attention": "late"}, {"attention": "late"})

    assert ">2+<" in str(navigation.with_entry([])[0]["label"])
    assert navigation.needing_attention() == 3


def test_it_costs_one_query_and_those_who_may_not_see_it_none(desk, staff, shop):
    make({"attention": "late"})
    other = staff("view_order")

    with count_queries() as seen:
        desk.get(reverse("dashboard:index"))
    with count_queries() as unseen:
        page = other.get(reverse("dashboard:index"))

    assert len(seen.ours) == 1
    assert unseen.ours == []
    assert at("list") not in text(page)
    assert "need attention" not in text(page)
