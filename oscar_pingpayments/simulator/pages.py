"""PaymentIQ's card page as a payer meets it: card, 3-D Secure, declined, given up, expired, finished."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from .cards import CARDS, Outcome, describe, find, is_card_number
from .texts import Texts, money, texts_for
from .world import WORLD, Payment

ASSETS = Path(__file__).parent / "assets"

_DECLINED = {"message": "Insufficient funds", "status_code": "ERR_DECLINED_NO_FUNDS"}
_REFUSED_3DS = {"message": "Authentication failed", "status_code": "ERR_3DS"}
_CRASHED = {"message": "Internal provider error", "status_code": "ERR_SYSTEM"}
_CSS_VALUE = re.compile(r"[A-Za-z0-9 #.,%()'\"-]{1,80}")


def page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the page of a payment, or take what its payer has typed."""
    payment = WORLD.by_code(code)
    if payment is None:
        return _message(request, texts_for(request.GET.get("locale", "")), "unknown", status=404)
    texts = texts_for(request.GET.get("locale", "") or str(payment.parameters.get("locale", "")))
    if payment.is_waiting and payment.expires <= datetime.now(UTC):
        WORLD.set_status(payment, "EXPIRED")
    if payment.status == "EXPIRED":
        return _message(request, texts, "expired", back=_url(payment, "error_url"))
    if not payment.is_waiting:
        paid = payment.status == "COMPLETED"
        return _message(
            request, texts, "finished", back=_url(payment, "success_url" if paid else "error_url")
        )
    if request.method != "POST":
        return _card_page(request, payment, texts)
    act = {"cancel": _cancel, "approve": _approve, "refuse": _refuse}.get(
        request.POST.get("action", ""), _submit
    )
    return act(request, payment, texts)


def asset(request: HttpRequest, name: str) -> HttpResponse:
    """Serve the page's style sheet."""
    if name != "page.css":
        return HttpResponse(status=404)
    response = HttpResponse((ASSETS / name).read_bytes(), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "max-age=60"
    return response


def style(request: HttpRequest, code: str) -> HttpResponse:
    """Serve what the shop's ``cashier`` parameters change in the looks, where it is CSS."""
    payment = WORLD.by_code(code)
    cashier = payment.parameters.get("cashier") if payment else None
    return HttpResponse(_cashier_css(cashier or {}), content_type="text/css; charset=utf-8")


def front(request: HttpRequest) -> HttpResponse:
    """Say what is running here."""
    return render(request, "simulator/front.html", {"cards": _card_list(texts_for("en-US"))})


# What the payer does


def _submit(request: HttpRequest, payment: Payment, texts: Texts) -> HttpResponse:
    number = re.sub(r"[ -]", "", request.POST.get("number", ""))
    errors = _errors(number, request.POST.get("expiry", ""), request.POST.get("cvc", ""), texts)
    if errors:
        return _card_page(request, payment, texts, errors)
    payment.card = number
    if payment.status == "INITIATED":
        WORLD.set_status(payment, "PENDING")
    return act_as_card(request, payment, texts, number)


def act_as_card(request: HttpRequest, payment: Payment, texts: Texts, number: str) -> HttpResponse:
    """Do with the payment what its card does."""
    card = find(number)
    outcome = card.outcome if card else Outcome.NO_FUNDS
    if outcome is Outcome.ASKS_3DS:
        context = {
            "amount": _amount(payment, texts),
            "question": texts["secure_text"].format(amount=_amount(payment, texts), last=number[-4:]),
        }
        return render(request, "simulator/secure.html", _context(payment, texts) | context)
    settle(payment, outcome)
    return _back(request, payment, texts)


def settle(payment: Payment, outcome: Outcome) -> None:
    """Move the payment to where a card's outcome leads."""
    if outcome is Outcome.PAYS:
        WORLD.set_status(payment, "COMPLETED")
    elif outcome is Outcome.CRASHES:
        WORLD.set_status(payment, "CRASHED", _CRASHED)
    elif outcome is not Outcome.WAITS:
        WORLD.set_status(payment, "DECLINED", _DECLINED)


def _approve(request: HttpRequest, payment: Payment, texts: Texts) -> HttpResponse:
    settle(payment, Outcome.PAYS)
    return _back(request, payment, texts)


def _refuse(request: HttpRequest, payment: Payment, texts: Texts) -> HttpResponse:
    WORLD.set_status(payment, "DECLINED", _REFUSED_3DS)
    return _back(request, payment, texts)


def _cancel(request: HttpRequest, payment: Payment, texts: Texts) -> HttpResponse:
    WORLD.set_status(payment, "ABORTED")
    return _back(request, payment, texts)


def _errors(number: str, expiry: str, cvc: str, texts: Texts) -> dict[str, str]:
    errors = {}
    if not is_card_number(number):
        errors["number"] = texts["bad_number"]
    elif find(number) is None:
        errors["number"] = texts["unknown_number"]
    if not _is_ahead(expiry):
        errors["expiry"] = texts["bad_expiry"]
    if not re.fullmatch(r"[0-9]{3,4}", cvc.strip()):
        errors["cvc"] = texts["bad_cvc"]
    return errors


def _is_ahead(expiry: str) -> bool:
    match = re.fullmatch(r"(0[1-9]|1[0-2]) ?/? ?(?:20)?([0-9]{2})", expiry.strip())
    if match is None:
        return False
    today = datetime.now(UTC).date()
    return date(2000 + int(match[2]), int(match[1]), 1) >= today.replace(day=1)


# Where the payer goes


def return_url(payment: Payment) -> str:
    """Where the payer's browser is sent now: ``success_url`` unless the payment has failed."""
    failed = payment.status not in ("COMPLETED", "INITIATED", "PENDING")
    return _url(payment, "error_url" if failed else "success_url")


def _url(payment: Payment, key: str) -> str:
    parts = urlsplit(str(payment.parameters[key]))
    query = parse_qsl(parts.query, keep_blank_values=True) + list(WORLD.manners.query.items())
    return urlunsplit(parts._replace(query=urlencode(query)))


def _back(request: HttpRequest, payment: Payment, texts: Texts) -> HttpResponse:
    url, how = return_url(payment), WORLD.manners.come_back
    if how == "none":
        return _message(request, texts, "finished")
    if how == "post":
        return render(request, "simulator/going.html", {"text": texts, "url": url})
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


# What the payer sees


def _card_page(
    request: HttpRequest, payment: Payment, texts: Texts, errors: dict[str, str] | None = None
) -> HttpResponse:
    typed = {key: request.POST.get(key, "")[:40] for key in ("number", "expiry")} if errors else {}
    context = _context(payment, texts) | {
        "errors": errors or {},
        "typed": typed,
        "items": [
            {
                "name": item["name"],
                "amount": money(item["amount"], payment.answer["currency"], texts),
                "vat": texts["vat"].format(rate=f"{item['vat_rate']:g}") if item["vat_rate"] else "",
            }
            for item in payment.answer["order_items"]
        ],
        "cards": _card_list(texts),
        "pay": texts["pay"].format(amount=_amount(payment, texts)),
    }
    return render(request, "simulator/card.html", context, status=422 if errors else 200)


def _context(payment: Payment, texts: Texts) -> dict[str, Any]:
    return {
        "text": texts,
        "code": payment.code,
        "amount": _amount(payment, texts),
        "merchant": urlsplit(str(payment.parameters["success_url"])).netloc,
        "cashier": payment.parameters.get("cashier") or {},
    }


def _amount(payment: Payment, texts: Texts) -> str:
    return money(payment.answer["total_amount"], payment.answer["currency"], texts)


def _card_list(texts: Texts) -> list[dict[str, str]]:
    return [{"number": card.grouped, "does": describe(card.outcome, texts)} for card in CARDS]


def _message(
    request: HttpRequest, texts: Texts, kind: str, *, back: str = "", status: int = 200
) -> HttpResponse:
    context = {"text": texts, "title": texts[f"{kind}_title"], "words": texts[f"{kind}_text"], "back": back}
    return render(request, "simulator/message.html", context, status=status)


def _cashier_css(cashier: dict[str, Any]) -> str:
    """Turn the styling parameters into CSS."""

    def rule(selector: str, values: dict[str, Any]) -> str:
        kept = [
            f"{name.replace('_', '-')}: {value}"
            for name, value in values.items()
            if isinstance(value, str) and _CSS_VALUE.fullmatch(value)
        ]
        return f"{selector} {{ {'; '.join(kept)} }}\n" if kept else ""

    button = dict(cashier.get("submit_button") or {})
    if "color" in button:
        button["background"] = button.pop("color")
    return (
        rule("body", {"font_family": cashier.get("font_family")})
        + rule(".sheet", dict(cashier.get("container") or {}))
        + rule(".pay", button)
    )
