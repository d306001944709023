from typing import Any

from django.db import migrations, models


def give_each_shop_its_own(apps: Any, schema_editor: Any) -> None:
    """Let each shop in the database go on from the marks that they had in common."""
    alias = schema_editor.connection.alias
    marks = apps.get_model('pingpayments', 'Mark').objects.using(alias)
    payment_orders = apps.get_model('pingpayments', 'PaymentOrder').objects.using(alias)
    shops = list(payment_orders.order_by().values('environment', 'tenant_id').distinct())
    common = list(marks.filter(tenant_id=None))
    for mark in common:
        for shop in shops:
            marks.create(name=mark.name, at=mark.at, detail=mark.detail, **shop)
    marks.filter(pk__in=[mark.pk for mark in common]).delete()


def leave_the_newest(apps: Any, schema_editor: Any) -> None:
    """Leave one mark of each name: the newest, so that nothing is done that was passed over."""
    seen = set()
    for mark in apps.get_model('pingpayments', 'Mark').objects.using(schema_editor.connection.alias).order_by('-at'):
        if mark.name in seen:
            mark.delete()
        seen.add(mark.name)


class Migration(migrations.Migration):

    dependencies = [
        ('pingpayments', '0011_cancelled_signal'),
    ]

    operations = [
        migrations.AddField(
            model_name='mark',
            name='environment',
            field=models.CharField(db_default='', default='', max_length=16, verbose_name='environment'),
        ),
        migrations.AddField(
            model_name='mark',
            name='tenant_id',
            field=models.UUIDField(null=True, verbose_name='tenant'),
        ),
        migrations.AlterField(
            model_name='mark',
            name='name',
            field=models.CharField(max_length=32, verbose_name='name'),
        ),
        migrations.RunPython(give_each_shop_its_own, leave_the_newest),
        migrations.AddConstraint(
            model_name='mark',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'environment', 'name'), name='pingpayments_mark_once'),
        ),
    ]
