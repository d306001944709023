"""What a shop's years of payments are like, as the statements that draw them, and what these need to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FIRST_NAMES = (
    "Anna Lars Maria Karl Margareta Anders Elisabeth Johan Eva Per Kristina Nils Birgitta Erik Karin "
    "Mikael Ingrid Jan Marie Peter Elsa Hans Lena Fredrik Sofia Oskar Emma Björn Linnea Gustav Åsa "
    "Håkan Malin Jörgen Astrid Ola Ingeborg Sven Märta Love Wilma Hugo Alice Noah Vera Leif Gunilla "
    "Torbjörn Yasmin Ali Fatima Mohammed Olga Dmitri Piotr Agnieszka Kjersti Øyvind Bjørg"
)
LAST_NAMES = (
    "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson "
    "Pettersson Jonsson Jansson Hansson Bengtsson Jönsson Lindberg Jakobsson Magnusson Lindström "
    "Olofsson Lindqvist Lindgren Berg Axelsson Bergström Lundberg Lind Lundgren Lundqvist Mattsson "
    "Berglund Fredriksson Sandberg Henriksson Ali Forsberg Mohamed Sjöberg Wallin Engström Eklund "
    "Danielsson Lundin Håkansson Björk Bergman Wikström Ek Holm Åberg Nyström Hansen Haugen Virtanen "
    "Nowak Schmidt Öberg Hedlund Sjögren"
)
MAIL_HOSTS = "example.com gmail.example hotmail.example telia.example icloud.example"
REASONS = (
    "Insufficient funds",
    "Do not honour",
    "The payer could not be authenticated",
    "The card has expired",
)

#: What becomes of each order, and whose it is. Two years; the last of those that have ended was a day ago,
#: and a few wait to be paid just now. Common names are drawn more often, small amounts as well.
DRAW = """
CREATE TEMPORARY TABLE drawn ON COMMIT DROP AS
SELECT
    n, at, currency, amount, fate, declined, reason, first_name, last_name,
    lower(translate(first_name || '.' || last_name, 'ÅÄÖØåäöøé', 'AAOOaaooe')) || n %% 97 || '@'
        || (%(hosts)s::text[])[1 + n %% %(hosts_count)s] AS email,
    CASE fate WHEN 'refunded' THEN amount WHEN 'partly' THEN round(amount * 0.4, 2) ELSE 0 END AS refunded,
    CASE WHEN fate IN ('paid', 'partly', 'refunded') THEN amount ELSE 0 END AS paid,
    CASE
        WHEN n %% 3000 <> 7 OR fate = 'awaiting' THEN ''
        WHEN fate IN ('partly', 'refunded') THEN 'refund'
        WHEN fate IN ('expired', 'cancelled') THEN (ARRAY['refused', 'too_many'])[1 + n / 3000 %% 2]
        ELSE (ARRAY['order', 'changed', 'settle', 'unknown_status'])[1 + n / 3000 %% 4]
    END AS attention,
    at + interval '15 seconds' + 900 * power(pace, 6) * interval '1 second' AS ended_at
FROM (
    SELECT
        n, random() AS luck, random() AS size, random() AS tongue, random() AS pace, random() AS again,
        random() AS first, random() AS last, random() AS why
    FROM generate_series(1, %(count)s) AS n
) AS dice, LATERAL (
    SELECT
        CASE
            WHEN n > %(count)s - least(200, %(count)s / 100)
            THEN now() - (%(count)s - n) * interval '10 seconds'
            ELSE now() - interval '1 day' - (%(count)s - n) * (interval '729 days' / %(count)s)
        END AS at,
        CASE
            WHEN n > %(count)s - least(200, %(count)s / 100) THEN 'awaiting'
            WHEN luck < 0.85 THEN 'paid'
            WHEN luck < 0.88 THEN 'partly'
            WHEN luck < 0.90 THEN 'refunded'
            WHEN luck < 0.97 THEN 'expired'
            ELSE 'cancelled'
        END AS fate,
        CASE WHEN tongue < 0.92 THEN 'SEK' WHEN tongue < 0.97 THEN 'EUR' ELSE 'NOK' END AS currency,
        (29 + round((4000 * power(size, 4))::numeric) + (ARRAY[0, 0, 0.5, 0.9])[1 + n %% 4])::numeric(12, 2)
            AS amount,
        again < 0.06 AS declined,
        (%(reasons)s::text[])[1 + floor(why * %(reasons_count)s)::int] AS reason,
        (%(first_names)s::text[])[1 + floor(power(first, 1.6) * %(first_names_count)s)::int] AS first_name,
        (%(last_names)s::text[])[1 + floor(power(last, 1.6) * %(last_names_count)s)::int] AS last_name
) AS shape
"""

ORDERS = (
    """
    INSERT INTO order_billingaddress (
        id, title, first_name, last_name, line1, line2, line3, line4, state, postcode, country_id, search_text
    )
    SELECT
        %(address)s + n, '', first_name, last_name, 'Storgatan ' || n %% 120, '', '', 'Lund', '', '22222',
        'SE', first_name || ' ' || last_name
    FROM drawn
    """,
    """
    INSERT INTO order_order (
        id, number, site_id, billing_address_id, currency, total_incl_tax, total_excl_tax, shipping_incl_tax,
        shipping_excl_tax, shipping_method, shipping_code, status, guest_email, date_placed, analytics_tracked
    )
    SELECT
        %(order)s + n, (%(number)s + n)::text, %(site)s, %(address)s + n, currency, amount,
        round(amount * 0.8, 2), 0, 0, 'Free shipping', 'free-shipping',
        CASE
            WHEN fate = 'awaiting' THEN 'Pending' WHEN paid > 0 THEN 'Being processed' ELSE 'Cancelled'
        END, email, at, true
    FROM drawn
    """,
    """
    INSERT INTO order_line (
        order_id, partner_name, partner_sku, partner_line_reference, partner_line_notes, title, quantity,
        line_price_incl_tax, line_price_excl_tax, line_price_before_discounts_incl_tax,
        line_price_before_discounts_excl_tax, status, num_allocated, allocation_cancelled
    )
    SELECT
        %(order)s + n, '', 'lantern', '', '', 'Lantern', 1, amount, round(amount * 0.8, 2), amount,
        round(amount * 0.8, 2), '', 1, false
    FROM drawn
    """,
)

#: The callbacks are as many as the payments, and all so young that they are still kept: those of the last
#: month are from when they came, the others from the month before it.
PAYMENTS = (
    """
    INSERT INTO pingpayments_paymentorder (
        id, order_id, token, order_number, ping_id, environment, tenant_id, currency, amount, amount_paid,
        amount_refunded, attempts, status, state, attention, attention_detail, language, expires_at, paid_at,
        ended_at, created_at, payer_name, payer_last_name, payer_email
    )
    SELECT
        %(payment_order)s + n, CASE WHEN %(orders)s THEN %(order)s + n END,
        md5('order' || %(payment_order)s + n) || substr(md5('r' || n), 1, 11), (%(number)s + n)::text,
        gen_random_uuid(), 'sandbox', %(tenant)s, currency, amount, paid, refunded,
        CASE WHEN declined THEN 2 ELSE 1 END, CASE WHEN fate = 'awaiting' THEN 'OPEN' ELSE 'CLOSED' END,
        CASE fate WHEN 'partly' THEN 'paid' ELSE fate END, attention,
        CASE attention WHEN '' THEN '' ELSE 'Drawn by a benchmark.' END, 'sv',
        CASE WHEN fate = 'awaiting' THEN now() + interval '1 day' ELSE at + interval '1 hour' END,
        CASE WHEN paid > 0 THEN ended_at END,
        CASE fate WHEN 'expired' THEN at + interval '1 hour' WHEN 'cancelled' THEN ended_at END, at,
        lower(first_name || ' ' || last_name), lower(last_name), email
    FROM drawn ORDER BY n
    """,
    """
    INSERT INTO pingpayments_payment (
        id, payment_order_id, number, token, ping_id, status, live, currency, amount, amount_received,
        pay_url, error, reason, history, created_at, sent_at, changed_at, asked_at, asked_by, settled_by,
        ask_again_at, failed_asks
    )
    SELECT
        %(payment)s + 2 * n - 1, %(payment_order)s + n, 1,
        md5('first' || %(payment_order)s + n) || substr(md5('x' || n), 1, 11), gen_random_uuid(), 'DECLINED',
        NULL, currency, amount, 0, 'https://piq-sandbox.pingpayments.com/pay/' || n, '', reason,
        jsonb_build_array(jsonb_build_object('status', 'DECLINED', 'by', 'callback', 'at', at, 'note', '')),
        at, at, at, at, 'callback', 'callback', NULL, 0
    FROM drawn WHERE declined ORDER BY n
    """,
    """
    INSERT INTO pingpayments_payment (
        id, payment_order_id, number, token, ping_id, status, live, currency, amount, amount_received,
        pay_url, error, reason, history, created_at, sent_at, changed_at, asked_at, asked_by, settled_by,
        ask_again_at, failed_asks
    )
    SELECT
        %(payment)s + 2 * n, %(payment_order)s + n, CASE WHEN declined THEN 2 ELSE 1 END,
        md5('payment' || %(payment_order)s + n) || substr(md5('y' || n), 1, 11), gen_random_uuid(), status,
        CASE WHEN fate = 'awaiting' THEN true END, currency, amount, paid,
        'https://piq-sandbox.pingpayments.com/pay/' || n, '',
        CASE status WHEN 'DECLINED' THEN reason ELSE '' END,
        jsonb_build_array(
            jsonb_build_object('status', 'PENDING', 'by', 'return', 'at', at, 'note', ''),
            jsonb_build_object('status', status, 'by', by, 'at', ended_at, 'note', '')
        ),
        at, at, ended_at, ended_at, by, CASE WHEN fate = 'awaiting' THEN '' ELSE by END,
        CASE
            WHEN fate = 'awaiting' THEN now() + interval '1 day'
            WHEN at > now() - interval '6 days' THEN at + interval '7 days'
            WHEN at > now() - interval '29 days' THEN at + interval '30 days'
        END, 0
    FROM drawn, LATERAL (
        SELECT
            CASE
                WHEN fate = 'awaiting' THEN 'INITIATED'
                WHEN paid > 0 THEN 'COMPLETED'
                WHEN fate = 'expired' THEN (ARRAY['EXPIRED', 'DECLINED'])[1 + n %% 2]
                ELSE 'ABORTED'
            END AS status,
            CASE WHEN n %% 50 = 3 THEN 'sync' WHEN n %% 50 < 3 THEN 'return' ELSE 'callback' END AS by
    ) AS word
    ORDER BY n
    """,
    """
    INSERT INTO pingpayments_refund (
        payment_id, origin, ping_id, amount, reason, message, status, by, created_at, sent_at, refunded_at
    )
    SELECT
        %(payment)s + 2 * n, 'shop', gen_random_uuid(), refunded, 'requested_by_customer', '', 'COMPLETED',
        'Bosse Berg', asked_at, asked_at, least(asked_at + interval '1 minute', now())
    FROM drawn, LATERAL (SELECT least(at + n %% 20 * interval '1 day', now()) AS asked_at) AS day
    WHERE refunded > 0
    """,
    """
    INSERT INTO pingpayments_callback (at, payment_id, poke, body, verified, outcome)
    SELECT
        CASE
            WHEN changed_at > now() - interval '30 days' THEN changed_at
            ELSE now() - interval '30 days' - (now() - changed_at) / 20
        END, id, '',
        jsonb_build_object('payment_id', ping_id, 'status', status, 'occurred_at', changed_at)::text, NULL,
        'asked'
    FROM pingpayments_payment WHERE id > %(payment)s AND settled_by <> 'sync'
    """,
    """
    INSERT INTO pingpayments_exchange (
        at, payment_order_id, method, path, status_code, milliseconds, request_id, request_body,
        response_body, error
    )
    SELECT
        created_at, id, 'GET', '/api/v1/payment_orders/' || ping_id, 200, 120, '', '',
        repeat(md5(id::text), 20), ''
    FROM pingpayments_paymentorder
    WHERE id > %(payment_order)s AND created_at > now() - interval '60 days'
    """,
    """
    INSERT INTO pingpayments_effect (payment_order_id, name, created_at, claimed_at, done_at, tries, error)
    SELECT id, name, created_at, created_at, created_at, 1, ''
    FROM pingpayments_paymentorder, unnest(ARRAY['order_paid', 'confirmation']) AS name
    WHERE id > %(payment_order)s AND paid_at IS NOT NULL AND created_at > now() - interval '120 days'
    """,
)

#: Whose keys the statements write themselves, and by what name they know the largest that is there.
KEYED = {
    "address": "order_billingaddress",
    "order": "order_order",
    "payment_order": "pingpayments_paymentorder",
    "payment": "pingpayments_payment",
}


def words() -> dict[str, Any]:
    """Return the lists that are drawn from, and how many are in each."""
    lists: dict[str, Sequence[str]] = {
        "hosts": MAIL_HOSTS.split(),
        "first_names": FIRST_NAMES.split(),
        "last_names": LAST_NAMES.split(),
        "reasons": REASONS,
    }
    counts = {f"{name}_count": len(each) for name, each in lists.items()}
    return {name: list(each) for name, each in lists.items()} | counts
