"""What `regulars init` writes for files as people have them, and what is read by it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.init import exports
from tests.init.logs import figures_of, log, read, shopify, sources

from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.errors import ConfigError


def woocommerce():
    frame = exports.woocommerce()
    good = frame[
        frame.status.isin(["wc-completed", "wc-processing", "wc-on-hold"])
        & (frame.customer_id != 0)
    ]
    return frame, figures_of(good, "customer_id", "order_id", "order_total")


def totals_on_all_lines():
    frame = exports.totals_on_all_lines()
    orders = frame.drop_duplicates("Order Number")
    return frame, figures_of(
        orders, "Customer ID", "Order Number", "Order Total Amount"
    )


def stripe():
    frame = exports.stripe()
    good = frame[frame.Status == "Paid"]
    good = good.assign(net=good.Amount - good["Amount Refunded"])
    return frame, figures_of(good, "Customer ID", "id", "net")


def superstore():
    frame = exports.superstore()
    return frame, figures_of(frame, "Customer ID", "Order ID", "Sales")


def online_retail():
    frame = exports.online_retail()
    good = frame.dropna(subset="CustomerID")
    good = good.assign(amount=good.Quantity * good.UnitPrice)
    return frame, figures_of(good, "CustomerID", "InvoiceNo", "amount")


def german_till():
    frame = exports.german_till()
    amount = frame.Betrag.str.strip(" €").str.replace(",", ".").astype(float)
    good = frame.assign(amount=amount)[frame.Bestellstatus != "storniert"]
    return frame, figures_of(good, "Kundennummer", "Rechnungsnummer", "amount")


def french_shop():
    frame = exports.french_shop()
    bad = ["Annulé", "Erreur de paiement", "Remboursé"]
    good = frame[~frame["État"].isin(bad)]
    return frame, figures_of(good, "N° client", "Référence commande", "Montant TTC")


def spanish_shop():
    frame = exports.spanish_shop()
    good = frame[frame.estado == "Enviado"]
    return frame, figures_of(good, "id_cliente", "numero_pedido", "importe")


NET_OF_REFUNDS = '{} - coalesce("{}", 0)'
EXPORTS = {
    woocommerce: (
        {"customer_id": "customer_id", "amount": "order_total", "order_id": "order_id"},
        {"amount_of": "line"},
        [
            "where: \"status IN ('wc-completed', 'wc-processing', 'wc-on-hold')\"  "
            "# leaves out 57 rows: wc-cancelled 31, wc-failed 17, wc-refunded 9",
            "# kept: wc-on-hold 19",
            "have the customer 0, which is no person but many (guests)",
            "currency: EUR",
        ],
    ),
    shopify: (
        {
            "customer_id": "Email",
            "order_time": "Created at",
            "amount": NET_OF_REFUNDS.format("Total", "Refunded Amount"),
            "order_id": "Name",
            "product_id": "Lineitem name",
            "quantity": "Lineitem quantity",
        },
        {
            "amount_of": "order",
            "where": '"Financial Status" IN '
            "('paid', 'pending', 'partially_refunded')",
        },
        ["by: Name", 'columns: [Email, "Financial Status"]', "currency: CAD"],
    ),
    totals_on_all_lines: (
        {"amount": "Order Total Amount", "quantity": "Quantity", "product_id": "SKU"},
        {"amount_of": "order", "where": None},
        ["their prices add up to it"],
    ),
    stripe: (
        {
            "order_id": "id",
            "order_time": "Created date (UTC)",
            "customer_id": "Customer ID",
            "amount": NET_OF_REFUNDS.format("Amount", "Amount Refunded"),
        },
        {"where": "Status = 'Paid'"},
        ["currency: EUR", "were refunded in part"],
    ),
    superstore: (
        {
            "customer_id": "Customer ID",
            "order_time": "Order Date",
            "amount": "Sales",
            "order_id": "Order ID",
            "product_id": "Product ID",
            "category": "Category",
            "quantity": "Quantity",
        },
        {"amount_of": "line", "where": None, "time_format": "%m/%d/%Y"},
        ["discount_amount is left out: 'Discount' holds shares"],
    ),
    online_retail: (
        {
            "customer_id": "CustomerID",
            "amount": "Quantity * UnitPrice",
            "is_return": "InvoiceNo LIKE 'C%'",
        },
        {"where": None, "time_format": "%d/%m/%Y %H:%M"},
        ["of the rows name no customer"],
    ),
    german_till: (
        {
            "customer_id": "Kundennummer",
            "order_id": "Rechnungsnummer",
            "order_time": "Bestelldatum",
            "quantity": "Menge",
            "product_id": "Artikelnummer",
        },
        {"where": "Bestellstatus IN ('bezahlt', 'versendet', 'teilweise erstattet')"},
        ["currency: EUR", "leaves out 26 rows: storniert 26"],
    ),
    french_shop: (
        {"customer_id": "N° client", "order_id": "Référence commande"},
        {
            "where": "\"État\" IN ('Livré', 'Paiement accepté', "
            "'En attente de virement bancaire')"
        },
        ["Annulé 35, Remboursé 31, Erreur de paiement 19"],
    ),
    spanish_shop: (
        {
            "customer_id": "id_cliente",
            "amount": "importe",
            "order_time": "fecha_pedido",
        },
        {"where": "estado = 'Enviado'"},
        ["Cancelado 37, Devuelto 22"],
    ),
}


@pytest.mark.parametrize("case", EXPORTS, ids=lambda case: case.__name__)
def test_export_is_read_as_it_is_meant(init, case):
    columns, table, said = EXPORTS[case]
    frame, figures = case()
    text, settings = init(**{case.__name__: frame})
    found = sources(settings)
    assert {name: found.get(name) for name in columns} == columns
    for name, value in table.items():
        assert getattr(settings.source.transactions, name) == value
    assert [words for words in said if words not in text] == []
    assert read(settings)[0] == figures


def test_semicolons_and_utf16_are_no_hindrance(init):
    frame, figures = online_retail()
    _, settings = init(encoding="utf-16", sep=";", retail=frame)
    assert sources(settings)["amount"] == "Quantity * UnitPrice"
    assert read(settings)[0] == figures


@pytest.mark.parametrize(
    ("frame", "label", "positive", "id_column"),
    [
        (exports.telco, "Churn", True, "customerID"),
        (exports.churn_modelling, "Exited", 1, "CustomerId"),
    ],
)
def test_table_with_a_label_is_no_log(init, frame, label, positive, id_column):
    place = init(people=frame())[1].churn.labelled
    assert (place.label, place.positive, place.id) == (label, positive, id_column)


def test_other_tables_of_ours_get_their_place(init):
    tickets = pd.DataFrame(
        {"customer_id": [1, 2, 3], "opened_at": "2024-01-05", "priority": "low"}
    )
    _, settings = init(orders=log(), tickets=tickets)
    assert Path(settings.source.tickets.path).name == "tickets.csv"
    assert settings.source.transactions.join == ()
    assert read_tables(settings, connect()).counts["tickets"].rows_kept == 3


def test_contracts_may_have_tickets(init):
    contracts = pd.DataFrame(
        {
            "customer_id": range(50),
            "started_at": "2023-01-01",
            "ended_at": ["2023-06-01", None] * 25,
        }
    )
    tickets = pd.DataFrame({"customer_id": [1, 2, 2], "opened_at": "2023-03-05"})
    _, settings = init(contracts=contracts, tickets=tickets)
    assert settings.churn.kind == "contractual"
    assert Path(settings.source.tickets.path).name == "tickets.csv"


def test_files_of_the_same_columns_are_one_table(init):
    frame = log()
    months = {"orders_1": frame[:200], "orders_2": frame[200:]}
    _, settings = init(**months)
    assert settings.source.transactions.path.endswith("orders_*.csv")
    assert read(settings)[0][1] == 400


def test_files_of_the_same_columns_beside_others_are_asked_for(init, tmp_path):
    frame = log()
    frame.to_csv(tmp_path / "orders_old.csv", index=False)
    with pytest.raises(ConfigError, match="have the same columns"):
        init(orders_1=frame[:200], orders_2=frame[200:])


def test_table_with_a_label_stands_by_itself(init):
    tickets = pd.DataFrame({"customer_id": [1], "opened_at": ["2023-03-05"]})
    with pytest.raises(ConfigError, match="a label of its own"):
        init(people=exports.telco(), tickets=tickets)


def test_label_goes_with_one_file(init, olist):
    with pytest.raises(ConfigError, match="--label goes with one file"):
        init(label="Churn", orders=olist["orders"], customers=olist["customers"])
