"""What `regulars init` writes for files as people have them, and what is read by it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.errors import ConfigError
from regulars.init.proposal import propose

_SPEC = importlib.util.spec_from_file_location(
    "exports", Path(__file__).parent / "exports.py"
)
exports = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(exports)


@pytest.fixture
def init(tmp_path):
    """Write frames to files; return what is proposed for them, and its settings."""

    def of(label=None, encoding="utf-8", sep=",", **frames):
        paths = []
        for name, frame in frames.items():
            path = tmp_path / f"{name}.csv"
            frame.to_csv(path, index=False, encoding=encoding, sep=sep)
            paths.append(str(path))
        proposal = propose(paths, label)
        return proposal.text, parse_settings(proposal.text)

    return of


def read(settings):
    """Return customers, orders and revenue, and the rows that were set aside."""
    counts = read_tables(settings, connect()).counts["transactions"]
    facts = counts.facts
    figures = (facts["n_customers"], facts["n_orders"], facts["revenue"])
    return figures, {each.reason: each.rows for each in counts.reasons}


def sources(settings):
    columns = settings.source.transactions.columns
    return {name: getattr(source, "sql", source) for name, source in columns.items()}


def figures_of(frame, customer, order, amount):
    total = round(float(frame[amount].sum()), 2)
    return frame[customer].nunique(), frame[order].nunique(), total


def woocommerce():
    frame = exports.woocommerce()
    good = frame[
        frame.status.isin(["wc-completed", "wc-processing", "wc-on-hold"])
        & (frame.customer_id != 0)
    ]
    return frame, figures_of(good, "customer_id", "order_id", "order_total")


def shopify():
    orders = exports.shopify_orders()
    good = orders[~orders.status.isin(["refunded", "voided"])]
    good = good.assign(net=good.total - good.refunded)
    return exports.shopify(orders), figures_of(good, "email", "number", "net")


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


def log(**more):
    """Return 400 orders of 80 customers, with more columns."""
    base = exports._orders()
    frame = pd.DataFrame(
        {
            "order_id": base.number,
            "date": base.time.dt.strftime("%Y-%m-%d %H:%M"),
            "customer_id": base.customer,
            "amount": base.total,
        }
    )
    return frame.assign(**{name: make(frame) for name, make in more.items()})


def every(n, yes, no):
    """Return a function that gives each nth row the first value."""
    return lambda frame: np.where(frame.index % n == 0, yes, no)


MARKS = {
    # name, values, expected where, rows left out
    "no word means that it was no sale": ("status", every(5, "new", "paid"), None, 0),
    "rows without a status stay": (
        "status",
        lambda f: np.where(
            f.index % 5 == 0, None, np.where(f.index % 2, "ok", "failed")
        ),
        "(status = 'ok' OR status IS NULL)",
        160,
    ),
    "all are cancelled": ("status", lambda f: "cancelled", None, 0),
    "many words": (
        "status",
        lambda f: np.where(f.index % 4 == 0, "void", "s" + (f.index % 20).astype(str)),
        "status NOT IN ('void')",
        100,
    ),
    "Magento's closed in a shop that is not Magento's": (
        "state",
        lambda f: np.select(
            [f.index % 4 == 0, f.index % 4 == 1], ["closed", "canceled"], "complete"
        ),
        "state IN ('complete', 'closed')",
        100,
    ),
    "a mark of the customer": (
        "status",
        lambda f: np.where(f.customer_id % 3 == 0, "cancelled", "active"),
        None,
        0,
    ),
    "the status of the customer": (
        "customer_status",
        every(5, "cancelled", "ok"),
        None,
        0,
    ),
    "a flag": ("is_cancelled", every(10, 1, 0), "is_cancelled <> '1'", 40),
    "a flag that is a label elsewhere": (
        "canceled",
        every(8, "yes", "no"),
        "canceled <> 'yes'",
        50,
    ),
    "sales that bear the mark": (
        "refunded",
        every(8, "True", "False"),
        "refunded <> 'True'",
        50,
    ),
    "a day of cancellation": (
        "cancelled_at",
        every(10, "2024-06-01 10:00", None),
        "cancelled_at IS NULL",
        40,
    ),
}


@pytest.mark.parametrize("case", MARKS)
def test_rows_that_are_no_sales_are_left_out(init, case):
    name, make, where, n_rows = MARKS[case]
    _, settings = init(orders=log(**{name: make}))
    assert settings.source.transactions.where == where
    figures, reasons = read(settings)
    assert reasons == ({"left_out": n_rows} if n_rows else {})
    assert figures[1] == 400 - n_rows


def test_closed_orders_of_magento_were_refunded(init):
    frame = log(status=every(4, "closed", "complete")).rename(
        columns={"order_id": "increment_id", "amount": "grand_total"}
    )
    text, settings = init(orders=frame)
    assert settings.source.transactions.where == "status = 'complete'"
    assert "leaves out 100 rows: closed 100" in text


def test_rows_that_take_a_sale_back_stay(init):
    frame = log(status=every(10, "refunded", "paid"))
    frame["amount"] = frame.amount.where(frame.status == "paid", -frame.amount)
    _, settings = init(orders=frame)
    assert settings.source.transactions.where is None
    assert read(settings)[0][2] == round(frame.amount.sum(), 2)


def test_return_beside_its_sale_is_a_return(init):
    sales = log(returned=lambda f: "No")
    back = sales.iloc[::8].assign(returned="Yes", order_id=lambda f: f.order_id + 9_000)
    _, settings = init(orders=pd.concat([sales, back]))
    assert sources(settings)["is_return"] == "returned"
    net = round(sales.amount.sum() - back.amount.sum(), 2)
    assert read(settings)[0][2] == net


RETURNS = {
    "a till's kinds of rows": ("type", "Return", "type = 'Return'"),
    "a German till's": ("Belegart", "Gutschrift", "Belegart = 'Gutschrift'"),
    "refunds below their payments": ("status", "refunded", "status = 'refunded'"),
}


@pytest.mark.parametrize("case", RETURNS)
def test_rows_that_take_a_sale_back_are_returns(init, case):
    name, word, sql = RETURNS[case]
    sales = log(**{name: lambda f: "Sale"})
    back = sales.iloc[::8].assign(**{name: word})
    lost = sales.iloc[3::40].assign(order_id=lambda f: f.order_id + 7_000)
    if name == "status":
        sales = pd.concat([sales, lost.assign(status="failed")])
    _, settings = init(orders=pd.concat([sales, back]))
    assert sources(settings)["is_return"] == sql
    figures, reasons = read(settings)
    good = sales[sales[name] == "Sale"]
    assert figures[2] == round(good.amount.sum() - back.amount.sum(), 2)
    assert reasons == ({"left_out": len(lost)} if name == "status" else {})


def test_codes_are_asked_about(init):
    text, settings = init(orders=log(current_state=lambda f: f.index % 5 + 1))
    assert settings.source.transactions.where is None
    assert "# 'current_state' holds codes (1 80, 2 80, 3 80, 4 80, 5 80)" in text


def mail(frame):
    return "p" + frame.customer_id.astype(str) + "@example.org"


def test_id_that_repeats_is_the_person(init):
    frame = log(customer_unique_id=lambda f: "u" + f.customer_id.astype(str))
    frame["customer_id"] = [f"x{n}" for n in range(400)]
    text, settings = init(orders=frame)
    assert sources(settings)["customer_id"] == "customer_unique_id"
    assert "repeats over orders (80 customers, 400 orders)" in text
    assert "'customer_id' is new with every order" in text


def test_column_with_a_name_of_its_own_may_be_the_person(init):
    frame = log(loyalty_card=lambda f: f.customer_id + 5_000)
    frame["customer_id"] = [f"x{n}" for n in range(400)]
    assert sources(init(orders=frame)[1])["customer_id"] == "loyalty_card"


def test_id_that_never_repeats_is_asked_about(init):
    frame = log()
    frame["customer_id"] = [f"x{n}" for n in range(400)]
    text, settings = init(orders=frame)
    assert sources(settings)["customer_id"] == "customer_id"
    assert "customer_id  # never repeats: is it an order's number?" in text


@pytest.mark.parametrize("guest", ["0", ""])
def test_address_names_guests_too(init, guest):
    frame = log(email=mail)
    frame["customer_id"] = np.where(frame.index % 3 == 0, guest, frame.customer_id)
    text, settings = init(orders=frame)
    assert sources(settings)["customer_id"] == "email"
    assert "names guests too: 'customer_id' is" in text
    assert read(settings)[0][0] == 80


def test_id_of_nearly_all_is_kept_though_there_are_addresses(init):
    assert sources(init(orders=log(email=mail))[1])["customer_id"] == "customer_id"


def test_addresses_that_differ_in_case_are_one_person(init):
    frame = log(email=lambda f: mail(f).where(f.index % 2 == 0, mail(f).str.upper()))
    text, settings = init(orders=frame.drop(columns="customer_id"))
    assert sources(settings)["customer_id"] == "lower(trim(email))"
    assert "differ from another in case only" in text
    assert read(settings)[0][0] == 80


def lines(**more):
    """Return the log with two lines an order."""
    frame = log().loc[lambda f: f.index.repeat(2)].reset_index(drop=True)
    frame["sku"] = np.arange(len(frame)) % 97
    return frame.assign(**{name: make(frame) for name, make in more.items()})


TOTALS = {
    "the name says so": (lines().rename(columns={"amount": "order_total"}), "order"),
    "many orders say so": (lines(), "order"),
    "one price for everything": (lines(amount=lambda f: 9.99), "line"),
    "prices that are alike by chance": (lines(amount=every(7, 5.0, 9.0)), "line"),
    "price times pieces": (
        lines(quantity=lambda f: 2, unit_price=lambda f: (f.amount / 2).round(3)),
        "line",
    ),
    "a contract that is paid again": (
        lines(
            date=lambda f: [f"2024-{1 + k % 12:02}-{1 + k % 27:02}" for k in f.index]
        ),
        "line",
    ),
    "lines of their own": (lines(amount=lambda f: f.index % 300 + 1), "line"),
}


@pytest.mark.parametrize("case", TOTALS)
def test_total_on_every_line_is_counted_once(init, case):
    frame, amount_of = TOTALS[case]
    _, settings = init(orders=frame)
    assert settings.source.transactions.amount_of == amount_of


def test_few_orders_are_asked_about(init):
    text, settings = init(orders=lines().head(16))
    assert settings.source.transactions.amount_of == "line"
    assert "# amount_of: order  # 'amount' is the same on all lines of each of" in text


@pytest.mark.parametrize("blank", [["Email"], ["Email", "Name", "Created at"]])
def test_blank_lines_belong_to_the_order_above(init, blank):
    frame, figures = shopify()
    frame[blank] = frame[blank].where(frame.Total.notna())
    _, settings = init(orders=frame)
    assert settings.source.transactions.fill_down.by == "Name"
    assert read(settings)[0] == figures


def test_sparse_column_makes_no_blank_lines(init):
    frame = lines(note=every(2, "gift", None))
    assert init(orders=frame)[1].source.transactions.fill_down is None


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y", "%Y%m%d"])
def test_nothing_is_based_on_a_stray_day(init, form):
    frame = log(status=every(10, "failed", "paid"))
    odd = frame.iloc[[1]].assign(order_id=1, date="1970-01-01 00:00")
    frame = pd.concat([frame, odd])
    frame["date"] = pd.to_datetime(frame.date).dt.strftime(form)
    text, settings = init(orders=frame)
    assert "1 row is of 1970-01-01" in text
    assert "from 2023-01-" in text
    assert settings.time.horizon_days == 90
    assert read(settings)[1] == {"left_out": 41}


@pytest.fixture(scope="module")
def olist():
    return exports.olist()


@pytest.mark.parametrize(
    ("main", "amount", "order"),
    [
        ("payments", "payment_value", ("orders", "payments", "customers")),
        ("items", "price", ("customers", "items", "orders")),
    ],
)
def test_three_files_run_from_one_configuration(init, olist, main, amount, order):
    text, settings = init(**{name: olist[name] for name in order})
    table = settings.source.transactions
    assert Path(table.path).stem == main
    joined = {Path(join.path).stem: join.on for join in table.join}
    assert joined == {"orders": "order_id", "customers": "customer_id"}
    assert sources(settings)["customer_id"] == "customer_unique_id"
    frame = olist[main].merge(olist["orders"]).merge(olist["customers"])
    good = frame[~frame.order_status.isin(["canceled", "unavailable"])]
    figures = figures_of(good, "customer_unique_id", "order_id", amount)
    assert read(settings)[0] == figures
    if main == "items":
        assert f"amount: {amount}  # without 'freight_value'" in text


def test_two_files_that_repeat_the_key_are_refused(init, olist):
    with pytest.raises(ConfigError) as caught:
        init(**olist)
    message = str(caught.value)
    assert "both repeat 'order_id'" in message
    assert "Leave one of them out" in message
    assert "'payments.csv' holds 'payment_value', 'items.csv' holds 'price'" in message


def test_file_without_a_common_key_is_refused(init, olist):
    with pytest.raises(ConfigError, match=r"no key that is unique in 'customers\.csv'"):
        init(payments=olist["payments"], customers=olist["customers"])


def test_keys_may_have_other_names(init):
    orders = log().drop(columns=["amount"]).rename(columns={"order_id": "id"})
    items = pd.DataFrame({"order_id": [*orders.id] * 2, "price": 5.5, "sku": "a"})
    _, settings = init(order_items=items, orders=orders)
    assert settings.source.transactions.join[0].on == {"order_id": "id"}
    # two equal lines of an order are one line written twice
    assert read(settings)[0] == (80, 400, 2_200.0)


def test_keys_are_known_by_what_they_hold(init):
    orders = log()
    people = pd.DataFrame(
        {
            "reference": [f"KD-{n:05}" for n in range(1, 81)],
            "email": [f"p{n}@example.org" for n in range(1, 81)],
        }
    )
    orders["customer"] = [f"KD-{n:05}" for n in orders.pop("customer_id")]
    _, settings = init(orders=orders, people=people)
    assert settings.source.transactions.join[0].on == {"customer": "reference"}
    assert read(settings)[0][:2] == (80, 400)


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
