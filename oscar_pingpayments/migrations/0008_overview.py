from django.db import migrations, models

from ._unlocked import AddIndexUnlocked


class Migration(migrations.Migration):

    # Indexes are made without locking the table, which cannot be done inside a transaction.
    atomic = False

    dependencies = [
        ('pingpayments', '0007_payer_search_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='settled_by',
            field=models.CharField(blank=True, db_default='', default='', max_length=16, verbose_name='settled by'),
        ),
        AddIndexUnlocked(
            model_name='paymentorder',
            index=models.Index(fields=['currency', 'paid_at'], name='pingpayments_order_paid'),
        ),
        AddIndexUnlocked(
            model_name='refund',
            index=models.Index(fields=['refunded_at'], name='pingpayments_refund_done'),
        ),
    ]
