"""Card payments with PaymentIQ through the Ping Payments API, for django-oscar shops."""

__version__ = "0.1.0"
