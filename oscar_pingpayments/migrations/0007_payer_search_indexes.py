import django.utils.timezone
from django.db import migrations, models

from ._unlocked import AddIndexUnlocked


class Migration(migrations.Migration):

    # Indexes are made without locking the table, which cannot be done inside a transaction.
    atomic = False

    dependencies = [
        ('pingpayments', '0006_payer_search'),
    ]

    operations = [
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['created_at', 'id', 'state', 'currency', 'amount'], name='pingpayments_order_dates'),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['amount', 'id', 'state', 'currency', 'created_at'], name='pingpayments_order_amounts'),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['state', 'created_at', 'id'], name='pingpayments_order_states'),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['currency', 'created_at', 'id'], name='pingpayments_order_currency'),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['payer_name'], name='pingpayments_order_payer', opclasses=['varchar_pattern_ops']),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['payer_last_name'], name='pingpayments_order_last_name', opclasses=['varchar_pattern_ops']),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['payer_email'], name='pingpayments_order_email', opclasses=['varchar_pattern_ops']),
        ),
        migrations.AlterField(
            model_name='paymentorder',
            name='created_at',
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name='created'),
        ),
    ]
