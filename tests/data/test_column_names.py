from __future__ import annotations

import pytest

from regulars.data.column_names import SYNONYMS, name_key, name_score

NAMES = {
    "customer_id": (
        "Customer ID",
        "customer_unique_id",
        "Kundennummer",
        "Kunden-Nr.",
        "N° client",
        "Numéro de client",
        "id_cliente",
        "Email (Billing)",
        "orders.customer_id",
    ),
    "order_time": (
        "Created date (UTC)",
        "Created at",
        "order_purchase_timestamp",
        "Bestelldatum",
        "date_commande",
        "Date de commande",
        "Fecha de pedido",
        "InvoiceDate",
    ),
    "amount": (
        "Order Total Amount",
        "amount_usd",
        "Betrag (EUR)",
        "Umsatz in EUR",
        "Montant TTC",
        "Chiffre d'affaires",
        "importe",
        "N. Revenue",
    ),
    "unit_price": ("UnitPrice", "Einzelpreis", "Stückpreis", "prix_unitaire", "precio"),
    "order_id": (
        "Order #",
        "Rechnungsnummer",
        "N° de commande",
        "numero_pedido",
        "Bestell-Nr",
    ),
    "quantity": ("Quantity (- Refund)", "Menge", "Stück", "Quantité", "cantidad"),
    "currency": ("Currency", "Währung", "devise"),
}


@pytest.mark.parametrize(
    ("column", "name"), [(c, name) for c, names in NAMES.items() for name in names]
)
def test_common_names_fit(column, name):
    assert name_score(name, column) > 0


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("amount", "Lineitem price"),
        ("amount", "Customer Segment"),
        ("customer_id", "Customer Segment"),
        ("customer_id", "order_id"),
        ("order_time", "Order Value"),
        ("label", "Created at"),
    ],
)
def test_other_names_do_not(column, name):
    assert name_score(name, column) == 0


def test_order_total_is_likelier_than_what_is_before_tax():
    assert name_score("Total", "amount") > name_score("Subtotal", "amount")


def test_listed_names_are_keys_and_stand_once():
    for column, names in SYNONYMS.items():
        listed = names.split()
        assert [name_key(name) for name in listed] == listed, column
        assert len(set(listed)) == len(listed), column
