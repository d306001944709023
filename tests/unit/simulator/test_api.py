"""The simulator answers as Ping is documented to answer, and refuses what Ping refuses."""

from __future__ import annotations

import base64

import pytest

from oscar_pingpayments.gateway import verify_ed25519
from oscar_pingpayments.simulator import MERCHANT_ID, TENANT_ID, callbacks, operations

from .conftest import ITEM, payment_body

URL = "http://shop.example/ok"


def errors(answer):
    """Ping's errors as (error, property) pairs."""
    return [(entry["error"], entry.get("property")) for entry in answer.json()["errors"]]


def test_ping_says_pong(api):
    assert api("GET", "ping").content == b"pong"


def test_the_tenant_names_its_methods(api, control):
    tenant = api("GET", "tenant").json()

    assert tenant["id"] == TENANT_ID
    assert {"provider": "payment_iq", "method": "card"} in tenant["payment_provider_methods"]
    assert tenant["callback_signing_key"] is None
    control("manners", sign=True)
    assert api("GET", "tenant").json()["callback_signing_key"] == api("GET", "signing_key").json()["key"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"tenant_id": "00000000-0000-4000-8000-00000000000f"}, 401),
        ({"x_api_secret": "wrong"}, 401),
        ({"Accept": "text/html"}, 406),
    ],
)
def test_every_call_needs_its_headers(api, headers, status):
    assert api("GET", "ping", **headers).status_code == status


def test_a_write_must_be_json(api):
    answer = api.client.post("/payments/api/v1/payment_orders", {"currency": "SEK"}, headers=api.headers)
    assert answer.status_code == 415
    answer = api.client.generic(
        "POST", "/payments/api/v1/payment_orders", "{", "application/json", headers=api.headers
    )
    assert (answer.status_code, errors(answer)) == (400, [("malformed_json", None)])


def test_an_address_that_ping_does_not_have_is_not_found(api):
    assert api("DELETE", "payment_orders").status_code == 404
    assert api("GET", "v2/payments").status_code == 404


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("null_value", "currency")]),
        ({"currency": "JPY"}, [("invalid_enum", "currency")]),
        ({"currency": 752}, [("invalid_type", "currency")]),
        ({"currency": "SEK", "split_tree_id": "x"}, [("invalid_format", "split_tree_id")]),
        ({"currency": "SEK", "split_parameters": []}, [("invalid_type", "split_parameters")]),
    ],
)
def test_a_payment_order_that_is_not_right_is_refused(api, body, expected, world):
    answer = api("POST", "payment_orders", body)

    assert (answer.status_code, errors(answer)) == (422, expected)
    assert world.orders == {}


def test_a_payment_order_is_made_and_shown(api):
    order = api.order("EUR")

    shown = api("GET", f"payment_orders/{order}").json()
    assert set(shown) == {"id", "status", "created_at", "currency", "split_tree_id", "payments"}
    assert (shown["id"], shown["status"], shown["currency"], shown["payments"]) == (order, "OPEN", "EUR", [])


def test_ids_that_are_unknown_or_no_ids(api):
    other = "11111111-1111-4111-8111-111111111111"
    assert api("GET", f"payment_orders/{other}").status_code == 404
    assert errors(api("GET", "payment_orders/12")) == [("cast_error", "payment_order_id")]
    assert api("GET", f"payment_orders/{api.order()}/payments/{other}").status_code == 404


def test_a_payment_is_made_and_answers_with_its_page_once(api):
    order = api.order()
    answer = api("POST", f"payment_orders/{order}/payments", payment_body()).json()

    assert set(answer) == {"id", "provider_method_response"}
    assert answer["provider_method_response"]["pay_url"].startswith("http://testserver/pay/")
    shown = api.get(order, answer["id"])
    assert "pay_url" not in str(shown)
    assert (shown["status"], shown["total_amount"], shown["payment_order_id"]) == ("INITIATED", 29900, order)
    assert [entry["status"] for entry in shown["status_history"]] == ["INITIATED"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"currency": None}, ("null_value", "currency")),
        ({"total_amount": None}, ("null_value", "total_amount")),
        ({"provider": None}, ("null_value", "provider")),
        ({"method": None}, ("null_value", "method")),
        ({"order_items": None}, ("null_value", "order_items")),
        ({"provider_method_parameters": None}, ("null_value", "provider_method_parameters")),
        ({"currency": "EUR"}, ("invalid_value", "currency")),
        ({"currency": "XXX"}, ("invalid_enum", "currency")),
        ({"total_amount": True}, ("invalid_type", "total_amount")),
        ({"total_amount": 299.0}, ("invalid_type", "total_amount")),
        ({"total_amount": -1}, ("invalid_value", "total_amount")),
        ({"total_amount": 2**63}, ("invalid_value", "total_amount")),
        ({"total_amount": 29901}, ("invalid_value", "order_items")),
        ({"provider": "paypal"}, ("invalid_enum", "provider")),
        ({"method": "swish"}, ("invalid_enum", "method")),
        ({"order_items": {}}, ("invalid_type", "order_items")),
        ({"order_items": []}, ("invalid_length", "order_items")),
        ({"order_items": ["lantern"]}, ("invalid_type", "order_items.0")),
        ({"order_items": [{**ITEM, "name": None}]}, ("null_value", "order_items.0.name")),
        ({"order_items": [{**ITEM, "vat_rate": None}]}, ("null_value", "order_items.0.vat_rate")),
        ({"order_items": [{**ITEM, "vat_rate": "25"}]}, ("invalid_type", "order_items.0.vat_rate")),
        ({"order_items": [{**ITEM, "vat_rate": 100}]}, ("invalid_value", "order_items.0.vat_rate")),
        ({"order_items": [{**ITEM, "amount": None}]}, ("null_value", "order_items.0.amount")),
        ({"order_items": [{**ITEM, "amount": -1}]}, ("invalid_value", "order_items.0.amount")),
        ({"order_items": [{**ITEM, "merchant_id": None}]}, ("invalid_value", "order_items.0.merchant_id")),
        ({"order_items": [{**ITEM, "merchant_id": "me"}]}, ("invalid_format", "order_items.0.merchant_id")),
        (
            {"order_items": [{**ITEM, "liquidity_account_id": MERCHANT_ID}]},
            ("invalid_value", "order_items.0.merchant_id"),
        ),
        ({"order_items": [{**ITEM, "metadata": "x"}]}, ("invalid_type", "order_items.0.metadata")),
        ({"order_items": [{**ITEM, "tags": "x"}]}, ("invalid_type", "order_items.0.tags")),
        ({"payer": "Astrid"}, ("invalid_type", "payer")),
        ({"payer": {"name": 1}}, ("invalid_type", "payer.name")),
        ({"payer": {"address": {"city": 1}}}, ("invalid_type", "payer.address.city")),
        ({"metadata": "x"}, ("invalid_type", "metadata")),
        ({"status_callback_url": "shop"}, ("invalid_format", "status_callback_url")),
        ({"status_callback_url": "http://[x"}, ("invalid_format", "status_callback_url")),
        ({"provider_method_parameters": "x"}, ("invalid_type", "provider_method_parameters")),
        ({"provider_method_parameters": {"error_url": URL}}, ("null_value", "payment_iq.success_url")),
        (
            {"provider_method_parameters": {"success_url": URL, "error_url": "bad"}},
            ("invalid_format", "payment_iq.error_url"),
        ),
        (
            {"provider_method_parameters": {"success_url": URL, "error_url": URL, "locale": "fi-FI"}},
            ("invalid_enum", "payment_iq.locale"),
        ),
    ],
)
def test_a_payment_that_is_not_right_is_refused(api, changes, expected, world):
    answer = api("POST", f"payment_orders/{api.order()}/payments", payment_body(**changes))

    assert answer.status_code == 422
    assert errors(answer) == [expected]
    assert world.payments == {}


@pytest.mark.parametrize(
    ("cashier", "expected"),
    [
        ("x", ("invalid_type", "payment_iq.cashier")),
        ({"logo": {}}, ("unknown_field", "payment_iq.cashier.logo")),
        ({"amount": "hidden"}, ("invalid_type", "payment_iq.cashier.amount")),
        ({"amount": {"hidden": "yes"}}, ("invalid_type", "payment_iq.cashier.amount.hidden")),
        ({"header": {"shown": True}}, ("unknown_field", "payment_iq.cashier.header.shown")),
        ({"container": {"padding": 1}}, ("invalid_type", "payment_iq.cashier.container.padding")),
        ({"font_family": 1}, ("invalid_type", "payment_iq.cashier.font_family")),
    ],
)
def test_the_looks_of_the_page_have_a_shape(api, cashier, expected):
    parameters = {"success_url": URL, "error_url": URL, "cashier": cashier}

    answer = api(
        "POST", f"payment_orders/{api.order()}/payments", payment_body(provider_method_parameters=parameters)
    )

    assert errors(answer) == [expected]


def test_everything_that_a_payment_may_carry_is_taken(api):
    parameters = {
        "success_url": URL,
        "error_url": URL,
        "locale": "sv-SE",
        "cashier": {
            "footer": {"hidden": True},
            "container": {"padding": "1rem"},
            "submit_button": {"color": "#123456"},
            "font_family": "Georgia",
        },
    }
    item = {**ITEM, "metadata": {"sku": "1"}, "tags": ["a"], "vat_rate": 12.5}
    payer = {"name": "Astrid", "email": None, "address": {"city": "Vimmerby"}}
    order = api.order()

    payment, path = api.pay(
        order, provider_method_parameters=parameters, order_items=[item], payer=payer, metadata={"a": "1"}
    )

    shown = api.get(order, payment)
    assert (shown["payer"], shown["order_items"], shown["metadata"]) == (payer, [item], {"a": "1"})
    assert path.endswith("?locale=sv-SE")


def test_the_dummy_provider_comes_to_the_status_that_was_asked_for(api):
    order = api.order()
    dummy = {"provider": "dummy", "method": "dummy"}

    declined, _ = api.pay(order, **dummy, provider_method_parameters={"desired_payment_status": "DECLINED"})
    open_, _ = api.pay(order, **dummy, provider_method_parameters={"desired_payment_status": "INITIATED"})

    assert [api.get(order, payment)["status"] for payment in (declined, open_)] == ["DECLINED", "INITIATED"]
    for wrong in ({}, {"desired_payment_status": "PAID"}):
        answer = api(
            "POST",
            f"payment_orders/{order}/payments",
            payment_body(**dummy, provider_method_parameters=wrong),
        )
        assert answer.status_code == 422


def test_close_split_and_settle_go_in_that_order_and_may_be_repeated(api, control):
    order = api.order()
    payment, _ = api.pay(order)
    path = f"payment_orders/{order}"

    assert api("PUT", f"{path}/split", {"fast_forward": False}).status_code == 403
    assert errors(api("PUT", f"{path}/close", {})) == [("operation_forbidden", None)]  # a payment is open
    control("says", payment_id=payment, status="COMPLETED")
    for step, status in (("close", "CLOSED"), ("split", "SPLIT"), ("settle", "SETTLED")):
        assert api("PUT", f"{path}/{step}", {}).status_code == 204
        assert api("PUT", f"{path}/{step}", {}).status_code == 204
        assert api("GET", path).json()["status"] == status
    assert errors(api("POST", f"{path}/payments", payment_body())) == [("payment_order_closed", None)]
    assert api("PUT", path, {"split_tree_id": MERCHANT_ID}).status_code == 403
    assert api("PUT", f"{path}/payments/{payment}", {"order_items": [ITEM]}).status_code == 403


def test_fast_forward_skips_a_step_and_is_a_boolean(api):
    path = f"payment_orders/{api.order()}"

    assert errors(api("PUT", f"{path}/settle", {"fast_forward": 1})) == [("invalid_type", "fast_forward")]
    assert api("PUT", f"{path}/settle", {"fast_forward": True}).status_code == 204


def test_a_payment_order_can_be_given_another_split(api):
    path = f"payment_orders/{api.order()}"

    assert api("PUT", path, {"split_tree_id": MERCHANT_ID, "split_parameters": {"a": 1}}).status_code == 204
    assert api("GET", path).json()["split_tree_id"] == MERCHANT_ID
    assert api("PUT", path, {"split_tree_id": 1}).status_code == 422


def test_the_items_of_a_payment_can_be_changed_but_not_their_sum(api):
    order = api.order()
    payment, _ = api.pay(order)
    path = f"payment_orders/{order}/payments/{payment}"
    two = [{**ITEM, "amount": 10000}, {**ITEM, "amount": 19900}]

    assert api("PUT", path, {"order_items": two}).status_code == 204
    assert len(api.get(order, payment)["order_items"]) == 2
    assert errors(api("PUT", path, {"order_items": two[:1]})) == [("invalid_value", "order_items")]
    assert errors(api("PUT", path, {})) == [("null_value", "order_items")]


def test_a_payment_is_stopped_unless_it_has_ended_or_cards_cannot_be(api, control):
    order = api.order()
    payment, _ = api.pay(order)
    path = f"payment_orders/{order}/payments/{payment}/stop"

    control("manners", stop_refused=True)
    assert api("PUT", path, {}).status_code == 403
    control("manners", stop_refused=False)
    assert api("PUT", path, {}).status_code == 204
    assert api("PUT", path, {}).status_code == 204
    history = api.get(order, payment)["status_history"]
    assert [entry["status"] for entry in history] == ["INITIATED", "STOPPED"]
    control("says", payment_id=payment, status="COMPLETED")
    assert api("PUT", path, {}).status_code == 403


def test_refunds_in_part_and_of_the_rest(api, control, world):
    order = api.order()
    payment, _ = api.pay(order)
    path = f"payment_orders/{order}/payments/{payment}/refund"
    part = {
        "amount": 9900,
        "currency": "SEK",
        "reason": "requested_by_customer",
        "message": "Sorry",
        "order_items": [{**ITEM, "amount": 20000}],
    }

    assert api("POST", path, part).status_code == 403  # not paid
    control("says", payment_id=payment, status="COMPLETED")
    control("manners", refunds="wait")
    answer = api("POST", path, part).json()
    assert (answer["amount"], answer["currency"], answer["provider"]) == (9900, "SEK", "payment_iq")
    assert api.get(order, payment)["refunds"] is None
    assert control("finish-refunds") == 1
    assert [entry["amount"] for entry in api.get(order, payment)["refunds"]] == [9900]
    control("manners", refunds="complete")
    rest = {"amount": 20000, "currency": "SEK", "reason": "other"}
    assert api("POST", path, rest).status_code == 200
    shown = api.get(order, payment)
    assert [entry["amount"] for entry in shown["refunds"]] == [9900, 20000]
    assert shown["refund"]["amount"] == 20000
    assert errors(api("POST", path, {**rest, "amount": 1})) == [("invalid_value", "amount")]
    operations.finish_refund(
        next(iter(world.payments.values())), {"id": "again", "amount": 1, "order_items": []}
    )
    assert len(api.get(order, payment)["refunds"]) == 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": None}, ("null_value", "amount")),
        ({"amount": 0}, ("invalid_value", "amount")),
        ({"amount": 100}, ("invalid_length", "order_items")),
        ({"currency": None}, ("null_value", "currency")),
        ({"currency": "EUR"}, ("invalid_value", "currency")),
        ({"reason": None}, ("null_value", "reason")),
        ({"reason": "because"}, ("invalid_enum", "reason")),
        ({"description": 1}, ("invalid_type", "description")),
        ({"order_items": [ITEM]}, ("invalid_value", "order_items")),
    ],
)
def test_a_refund_that_is_not_right_is_refused(api, control, changes, expected):
    order = api.order()
    payment, _ = api.pay(order)
    control("says", payment_id=payment, status="COMPLETED")
    body = {"amount": 29900, "currency": "SEK", "reason": "other"} | changes

    answer = api("POST", f"payment_orders/{order}/payments/{payment}/refund", body)

    assert errors(answer) == [expected]
    assert api.get(order, payment)["refunds"] is None


def test_nothing_is_refunded_once_the_money_is_split(api, control):
    order = api.order()
    payment, _ = api.pay(order)
    control("says", payment_id=payment, status="COMPLETED")
    api("PUT", f"payment_orders/{order}/split", {"fast_forward": True})

    body = {"amount": 29900, "currency": "SEK", "reason": "other"}
    answer = api("POST", f"payment_orders/{order}/payments/{payment}/refund", body)

    assert errors(answer) == [("operation_forbidden", None)]


@pytest.fixture
def refund(api, control):
    """A payment of which a part is on its way back; the rest is kept. Returns order, payment, refund's id."""
    control("manners", refunds="wait", refund_callback_url="http://127.0.0.1:9/refunds/")
    order = api.order()
    payment, _ = api.pay(order)
    control("says", payment_id=payment, status="COMPLETED")
    control("drop-callbacks")
    body = {"amount": 100, "currency": "SEK", "reason": "other", "order_items": [{**ITEM, "amount": 29800}]}
    return order, payment, api("POST", f"payment_orders/{order}/payments/{payment}/refund", body).json()["id"]


def held(control) -> list[tuple[str, str, str]]:
    return [(call["url"], call["body"]["refund_id"], call["body"]["status"]) for call in control("callbacks")]


def test_a_refund_is_told_to_the_tenants_address(control, refund):
    assert control("finish-refunds") == 1

    assert held(control) == [("http://127.0.0.1:9/refunds/", refund[2], "COMPLETED")]


def test_a_tenant_without_an_address_is_told_of_no_refund(control, refund):
    control("manners", refund_callback_url=None)

    assert control("finish-refunds") == 1

    assert held(control) == []


@pytest.mark.parametrize("listed", [True, False])
def test_a_refund_may_fail_after_it_was_accepted_and_be_tried_again(api, control, refund, listed):
    order, payment, refund_id = refund

    assert control("fail-refunds", listed=listed) == 1

    entry = {"id": refund_id, "amount": 100, "refunded_at": None, "status": "FAILED"}
    assert api.get(order, payment)["refunds"] == ([entry] if listed else None)
    assert held(control) == [("http://127.0.0.1:9/refunds/", refund_id, "FAILED")]
    whole = {"amount": 29900, "currency": "SEK", "reason": "other"}
    assert api("POST", f"payment_orders/{order}/payments/{payment}/refund", whole).status_code == 200


def test_refunds_that_wait_may_be_listed_without_a_time(api, control, refund):
    order, payment, refund_id = refund
    control("manners", lists_waiting_refunds=True)

    entry = {"id": refund_id, "amount": 100, "refunded_at": None, "status": "PENDING"}
    assert api.get(order, payment)["refunds"] == [entry]
    control("finish-refunds")
    assert [row["amount"] for row in api.get(order, payment)["refunds"]] == [100]
    assert api.get(order, payment)["refunds"][0]["refunded_at"] is not None


def test_closing_may_wait_for_a_payment_that_is_open(api, control):
    control("manners", close_waits=True)
    order = api.order()
    payment, _ = api.pay(order)

    assert api("PUT", f"payment_orders/{order}/close", {}).status_code == 204
    assert api("GET", f"payment_orders/{order}").json()["status"] == "OPEN"
    control("says", payment_id=payment, status="PENDING")
    assert api("GET", f"payment_orders/{order}").json()["status"] == "OPEN"
    control("says", payment_id=payment, status="DECLINED")
    assert api("GET", f"payment_orders/{order}").json()["status"] == "CLOSED"


def test_lists_come_in_pages_that_lead_to_each_other(api):
    for _ in range(5):
        api.pay(api.order())

    first = api("GET", "payments?limit=2").json()
    assert len(first["data"]) == 2
    assert first["_links"]["previous"] is None
    second = api("GET", first["_links"]["next"]["href"].partition("/api/v1/")[2]).json()
    third = api("GET", second["_links"]["next"]["href"].partition("/api/v1/")[2]).json()
    assert len(third["data"]) == 1
    assert third["_links"]["next"] is None
    assert third["_links"]["previous"]["href"] == second["_links"]["current"]["href"]


def test_lists_can_be_narrowed(api, control):
    orders = [api.order(), api.order()]
    paid, _ = api.pay(orders[0])
    api.pay(orders[1])
    control("says", payment_id=paid, status="COMPLETED")
    control("refund-in-portal", payment_id=paid, amount=100)

    def found(query):
        return [row["id"] for row in api("GET", f"payments?{query}").json()["data"]]

    assert found("status=COMPLETED") == [paid]
    assert found(f"payment_order_id={orders[0]}") == [paid]
    assert found("is_refund_requested=true") == [paid]
    assert len(found("is_refund_requested=false")) == 1
    assert found("from_initiated_date_time=2999-01-01") == []
    assert found("to_initiated_date_time=2000-01-01") == []
    api("PUT", f"payment_orders/{orders[0]}/close", {})
    closed = api("GET", "payment_orders?status=CLOSED").json()["data"]
    assert [order["id"] for order in closed] == [orders[0]]
    assert api("GET", "payment_orders?created_at_from=2999-01-01").json()["data"] == []
    assert api("GET", "payment_orders?created_at_to=2000-01-01").json()["data"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=many", "cursor=x"])
def test_a_page_has_a_size(api, query):
    assert api("GET", f"payments?{query}").status_code == 422


def test_lists_need_the_version_of_the_api(api):
    assert errors(api("GET", "payments", x_api_version="2025-03-05")) == [("invalid_value", "x-api-version")]
    assert api("GET", "payments", x_api_version="2025-03-06").status_code == 200


def test_signatures_can_be_verified_with_the_key_and_a_new_pair_is_another(api):
    key = api("GET", "signing_key").json()["key"]
    signature = callbacks.SIGNING_KEY.sign(b"{}")

    assert verify_ed25519(body=b"{}", signature=signature, keys=[key], encoding="base64")
    assert len(base64.b64decode(key)) == 32
    new = api("POST", "signing_key/generate", {"public_key": key}).json()["key"]
    assert new != key
    assert not verify_ed25519(body=b"{}", signature=signature, keys=[new], encoding="base64")


def test_a_poke_calls_the_address(api, control, monkeypatch):
    posted = []
    monkeypatch.setattr(callbacks, "post", lambda url, body: posted.append(url))

    assert api("POST", "poke", {"callback_url": "http://127.0.0.1:9/poke/"}).status_code == 200
    control("manners", callbacks="drop")
    assert api("POST", "poke", {"callback_url": "http://127.0.0.1:9/lost/"}).status_code == 200

    assert posted == ["http://127.0.0.1:9/poke/"]
    assert errors(api("POST", "poke", {})) == [("null_value", "callback_url")]
