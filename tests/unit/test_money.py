"""Money is exact on its way to Ping and back, or it is an error."""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.exceptions import MoneyError
from oscar_pingpayments.money import CURRENCIES, LARGEST, from_minor, to_minor

currencies = st.sampled_from(sorted(CURRENCIES))


@given(st.integers(0, LARGEST), currencies)
def test_what_goes_out_comes_back(minor, currency):
    assert to_minor(from_minor(minor, currency), currency) == minor


@given(st.decimals(allow_nan=True, allow_infinity=True), currencies)
def test_m8_an_amount_is_exact_or_an_error(amount, currency):
    try:
        minor = to_minor(amount, currency)
    except MoneyError:
        return
    with decimal.localcontext(decimal.Context(prec=1000)):
        assert minor == amount * 100


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("299.00", 29900),
        ("299", 29900),
        ("0.01", 1),
        ("0", 0),
        ("-0.00", 0),
        ("299.0000", 29900),
        ("3E+2", 30000),
        ("92233720368547758.07", LARGEST),
    ],
)
def test_an_amount_in_the_smallest_unit(amount, minor):
    assert to_minor(Decimal(amount), "SEK") == minor


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("100.125", "The amount has more decimals than the 2 of SEK"),
        ("1E-999999", "The amount has more decimals than the 2 of SEK"),
        ("-0.01", "The amount is negative"),
        ("92233720368547758.08", "The amount is larger than Ping can take"),
        ("1E+999999", "The amount is larger than Ping can take"),
        ("NaN", "The amount is not a finite number"),
        ("sNaN", "The amount is not a finite number"),
        ("-Infinity", "The amount is not a finite number"),
    ],
)
def test_an_amount_that_cannot_be_paid_is_an_error(amount, sentence):
    with pytest.raises(MoneyError, match=f"^{sentence}$"):
        to_minor(Decimal(amount), "SEK")


@pytest.mark.parametrize("amount", [299.0, 299, "299.00", None])
def test_an_amount_that_is_no_decimal_is_an_error(amount):
    with pytest.raises(MoneyError, match=f"not {type(amount).__name__}$"):
        to_minor(amount, "SEK")


def test_m8_the_precision_that_a_shop_works_with_does_not_round():
    with decimal.localcontext(decimal.Context(prec=3)):
        assert to_minor(Decimal("12345678.91"), "SEK") == 1234567891
        assert from_minor(1234567891, "SEK") == Decimal("12345678.91")


def test_an_amount_comes_back_with_the_decimals_of_its_currency():
    assert str(from_minor(29900, "SEK")) == "299.00"
    assert str(from_minor(0, "EUR")) == "0.00"


@pytest.mark.parametrize("minor", [-1, LARGEST + 1, True, 1.0, "1", Decimal(1)])
def test_a_smallest_unit_that_cannot_be_is_an_error(minor):
    with pytest.raises(MoneyError):
        from_minor(minor, "SEK")


@pytest.mark.parametrize("currency", ["JPY", "sek", "", "USD"])
def test_a_currency_outside_the_table_is_an_error(currency):
    with pytest.raises(MoneyError, match="Cards are not taken in the currency"):
        to_minor(Decimal(1), currency)
    with pytest.raises(MoneyError, match="Cards are not taken in the currency"):
        from_minor(1, currency)
