"""What the simulated page says, in the languages that PaymentIQ's page is known to speak."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

Texts = Mapping[str, str]

FALLBACK = "en-US"

TEXTS: Mapping[str, Texts] = {
    "en-US": {
        "lang": "en",
        "title": "Card payment",
        "to_pay": "To pay",
        "items": "Your order",
        "vat": "incl. {rate} % VAT",
        "number": "Card number",
        "expiry": "Expires (MM/YY)",
        "cvc": "Security code (CVC)",
        "cvc_hint": "Three digits on the back of the card",
        "holder": "Name on the card",
        "pay": "Pay {amount}",
        "cancel": "Cancel and return to the shop",
        "badge": "Simulator: no real money",
        "badge_cards": "Simulator: no real money; use a test card below",
        "test_cards": "Test cards",
        "card_pays": "is approved",
        "card_no_funds": "is declined: insufficient funds",
        "card_asks_3ds": "asks for identification (3-D Secure)",
        "card_crashes": "crashes the payment",
        "card_waits": "stays pending",
        "any_date": "Any future date, any three digits.",
        "bad_number": "Enter a valid card number.",
        "unknown_number": "The simulator takes its test cards only. Choose one from the list below.",
        "bad_expiry": "Enter a month and year that has not passed, such as 12/29.",
        "bad_cvc": "Enter the three or four digits of the security code.",
        "errors": "Please check the card",
        "secure_title": "Identify yourself",
        "secure_text": "Your bank asks whether it is you who pays {amount} with the card ending in {last}.",
        "secure_yes": "Approve the payment",
        "secure_no": "Refuse",
        "finished_title": "This payment is finished",
        "finished_text": "There is nothing more to do on this page.",
        "expired_title": "This page has expired",
        "expired_text": "It was open for too long. Nothing has been charged.",
        "back": "Back to the shop",
        "going_title": "Back to the shop",
        "going_text": "Continue to the shop to finish.",
        "unknown_title": "There is no such payment",
        "unknown_text": "The address is wrong, or the simulator has been started anew since.",
    },
    "sv-SE": {
        "lang": "sv",
        "title": "Kortbetalning",
        "to_pay": "Att betala",
        "items": "Din order",
        "vat": "inkl. {rate} % moms",
        "number": "Kortnummer",
        "expiry": "Giltigt till (MM/ÅÅ)",
        "cvc": "Säkerhetskod (CVC)",
        "cvc_hint": "Tre siffror på kortets baksida",
        "holder": "Namn på kortet",
        "pay": "Betala {amount}",
        "cancel": "Avbryt och gå tillbaka till butiken",
        "badge": "Simulator: inga riktiga pengar",
        "badge_cards": "Simulator: inga riktiga pengar; använd ett testkort nedan",
        "test_cards": "Testkort",
        "card_pays": "godkänns",
        "card_no_funds": "nekas: täckning saknas",
        "card_asks_3ds": "frågar efter identifiering (3-D Secure)",
        "card_crashes": "får betalningen att krascha",
        "card_waits": "blir väntande",
        "any_date": "Vilket framtida datum som helst, vilka tre siffror som helst.",
        "bad_number": "Ange ett giltigt kortnummer.",
        "unknown_number": "Simulatorn tar bara sina testkort. Välj ett ur listan nedan.",
        "bad_expiry": "Ange en månad och ett år som inte har passerat, till exempel 12/29.",
        "bad_cvc": "Ange säkerhetskodens tre eller fyra siffror.",
        "errors": "Kontrollera kortet",
        "secure_title": "Identifiera dig",
        "secure_text": "Din bank frågar om det är du som betalar {amount} med kortet som slutar på {last}.",
        "secure_yes": "Godkänn betalningen",
        "secure_no": "Neka",
        "finished_title": "Betalningen är avslutad",
        "finished_text": "Det finns inget mer att göra på den här sidan.",
        "expired_title": "Sidan har gått ut",
        "expired_text": "Den var öppen för länge. Inget har dragits.",
        "back": "Tillbaka till butiken",
        "going_title": "Tillbaka till butiken",
        "going_text": "Fortsätt till butiken för att slutföra.",
        "unknown_title": "Betalningen finns inte",
        "unknown_text": "Adressen är fel, eller så har simulatorn startats om sedan dess.",
    },
    "nb-NO": {
        "lang": "nb",
        "title": "Kortbetaling",
        "to_pay": "Å betale",
        "items": "Din ordre",
        "vat": "inkl. {rate} % mva",
        "number": "Kortnummer",
        "expiry": "Utløper (MM/ÅÅ)",
        "cvc": "Sikkerhetskode (CVC)",
        "cvc_hint": "Tre sifre på baksiden av kortet",
        "holder": "Navn på kortet",
        "pay": "Betal {amount}",
        "cancel": "Avbryt og gå tilbake til butikken",
        "badge": "Simulator: ingen ekte penger",
        "badge_cards": "Simulator: ingen ekte penger; bruk et testkort nedenfor",
        "test_cards": "Testkort",
        "card_pays": "godkjennes",
        "card_no_funds": "avvises: ikke dekning",
        "card_asks_3ds": "ber om identifisering (3-D Secure)",
        "card_crashes": "får betalingen til å krasje",
        "card_waits": "blir ventende",
        "any_date": "En hvilken som helst fremtidig dato, tre vilkårlige sifre.",
        "bad_number": "Oppgi et gyldig kortnummer.",
        "unknown_number": "Simulatoren tar bare sine testkort. Velg et fra listen nedenfor.",
        "bad_expiry": "Oppgi en måned og et år som ikke er passert, for eksempel 12/29.",
        "bad_cvc": "Oppgi de tre eller fire sifrene i sikkerhetskoden.",
        "errors": "Kontroller kortet",
        "secure_title": "Identifiser deg",
        "secure_text": "Banken spør om det er du som betaler {amount} med kortet som slutter på {last}.",
        "secure_yes": "Godkjenn betalingen",
        "secure_no": "Avslå",
        "finished_title": "Betalingen er avsluttet",
        "finished_text": "Det er ikke mer å gjøre på denne siden.",
        "expired_title": "Siden har utløpt",
        "expired_text": "Den var åpen for lenge. Ingenting er trukket.",
        "back": "Tilbake til butikken",
        "going_title": "Tilbake til butikken",
        "going_text": "Fortsett til butikken for å fullføre.",
        "unknown_title": "Betalingen finnes ikke",
        "unknown_text": "Adressen er feil, eller simulatoren er startet på nytt siden.",
    },
}


def texts_for(locale: str) -> Texts:
    """Return the texts of a locale, or the English ones."""
    return TEXTS.get(locale, TEXTS[FALLBACK])


def money(amount: int, currency: str, texts: Texts) -> str:
    """Write an amount in the smallest unit as a payer reads it."""
    number = f"{Decimal(amount) / 100:,.2f}"
    if texts["lang"] != "en":
        number = number.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    return f"{number}\N{NO-BREAK SPACE}{currency}"
