"""Look-alikes of files that people have: a few hundred rows each, from a fixed seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

WOOCOMMERCE_STATUSES = (
    *("completed", "processing", "cancelled", "refunded", "failed", "on-hold"),
)
PRESTASHOP_STATUSES = (
    *("Livré", "Paiement accepté", "Annulé", "Erreur de paiement", "Remboursé"),
    "En attente de virement bancaire",
)
DAY = pd.Timestamp("2023-01-01")


def _orders(n_orders=400, n_customers=80, seed=0) -> pd.DataFrame:
    """Orders with customer number, time and a total of cents."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.integers(0, 500, n_orders))
    return pd.DataFrame(
        {
            "number": np.arange(n_orders) + 1001,
            "customer": rng.integers(0, n_customers, n_orders) + 1,
            "time": DAY
            + pd.to_timedelta(days, unit="D")
            + pd.to_timedelta(rng.integers(0, 86_000, n_orders), unit="s"),
            "total": rng.integers(500, 20_000, n_orders) / 100,
        }
    )


def woocommerce() -> pd.DataFrame:
    """Return an order export with guests as customer 0 and WooCommerce's statuses."""
    rng = np.random.default_rng(1)
    base = _orders()
    status = rng.choice(
        [f"wc-{word}" for word in WOOCOMMERCE_STATUSES],
        len(base),
        p=[0.6, 0.2, 0.06, 0.05, 0.05, 0.04],
    )
    return pd.DataFrame(
        {
            "order_id": base.number,
            "order_date": base.time.dt.strftime("%Y-%m-%d %H:%M:%S"),
            "status": status,
            "customer_id": np.where(rng.random(len(base)) < 0.35, 0, base.customer),
            "order_currency": "EUR",
            "order_total": base.total,
            "payment_method": "stripe",
        }
    )


def shopify_orders() -> pd.DataFrame:
    """Return orders as Shopify has them, before they become lines."""
    rng = np.random.default_rng(2)
    base = _orders()
    status = rng.choice(
        ["paid", "refunded", "partially_refunded", "voided", "pending"],
        len(base),
        p=[0.75, 0.08, 0.05, 0.07, 0.05],
    )
    return base.assign(
        name="#" + base.number.astype(str),
        email="p" + base.customer.astype(str) + "@example.org",
        status=status,
        refunded=np.where(
            status == "refunded",
            base.total,
            np.where(status == "partially_refunded", 1.5, 0.0),
        ),
    )


def shopify(orders: pd.DataFrame | None = None, *, email_on_all=False) -> pd.DataFrame:
    """Return an order export in which an order's fields stand on its first line."""
    rng = np.random.default_rng(3)
    rows = []
    for order in (shopify_orders() if orders is None else orders).itertuples():
        for line in range(int(rng.integers(1, 4))):
            first = line == 0
            when = f"{order.time:%Y-%m-%d %H:%M:%S} +0100"
            rows.append(
                {
                    "Name": order.name,
                    "Email": order.email if first or email_on_all else None,
                    "Financial Status": order.status if first else None,
                    "Paid at": when if first and order.status != "pending" else None,
                    "Currency": "CAD" if first else None,
                    "Subtotal": round(order.total - 5, 2) if first else None,
                    "Shipping": 5.0 if first else None,
                    "Total": order.total if first else None,
                    "Discount Amount": 0.0 if first else None,
                    "Created at": when,
                    "Lineitem quantity": int(rng.integers(1, 4)),
                    "Lineitem name": f"Product {rng.integers(0, 30)}",
                    "Lineitem price": int(rng.integers(1, 50)),
                    "Refunded Amount": order.refunded if first else None,
                    "Id": 5_000_000 + order.Index if first else None,
                }
            )
    return pd.DataFrame(rows)


def totals_on_all_lines() -> pd.DataFrame:
    """Return items with their prices, and the order's total beside each of them."""
    rng = np.random.default_rng(4)
    rows = []
    for order in _orders().itertuples():
        n_lines = int(rng.integers(1, 4))
        prices = rng.integers(100, 5_000, n_lines) / 100
        pieces = rng.integers(1, 4, n_lines)
        total = round(float((prices * pieces).sum()), 2)
        for line in range(n_lines):
            rows.append(
                {
                    "Order Number": order.number,
                    "Order Date": order.time.strftime("%Y-%m-%d %H:%M"),
                    "Customer ID": f"C{order.customer}",
                    "Order Total Amount": total,
                    "SKU": f"S{rng.integers(0, 500)}",
                    "Quantity": pieces[line],
                    "Item Cost": prices[line],
                }
            )
    return pd.DataFrame(rows)


def stripe() -> pd.DataFrame:
    """Return a payments export."""
    rng = np.random.default_rng(5)
    base = _orders()
    status = rng.choice(["Paid", "Failed", "Refunded"], len(base), p=[0.8, 0.1, 0.1])
    some = (status == "Paid") & (rng.random(len(base)) < 0.1)
    return pd.DataFrame(
        {
            "id": "ch_3N" + base.number.astype(str),
            "Description": "Payment",
            "Created date (UTC)": base.time.dt.strftime("%Y-%m-%d %H:%M:%S"),
            "Amount": base.total,
            "Amount Refunded": np.where(
                status == "Refunded", base.total, np.where(some, 2.0, 0.0)
            ),
            "Currency": "eur",
            "Fee": 0.3,
            "Status": status,
            "Customer ID": "cus_" + base.customer.astype(str),
            "Customer Email": "p" + base.customer.astype(str) + "@example.org",
            "Captured": np.where(status == "Failed", "false", "true"),
        }
    )


def olist() -> dict[str, pd.DataFrame]:
    """Return orders, payments, items and customers of a marketplace."""
    rng = np.random.default_rng(6)
    base = _orders()
    order = "o" + base.number.astype(str) + "f3a"
    customer = "k" + (base.number * 7).astype(str) + "b1"
    status = rng.choice(
        ["delivered", "shipped", "canceled", "unavailable"],
        len(base),
        p=[0.85, 0.05, 0.06, 0.04],
    )
    time = base.time.dt.strftime("%Y-%m-%d %H:%M:%S")
    payments = base.index.repeat(rng.integers(1, 3, len(base)))
    items = base.index.repeat(rng.integers(1, 4, len(base)))
    return {
        "orders": pd.DataFrame(
            {
                "order_id": order,
                "customer_id": customer,
                "order_status": status,
                "order_purchase_timestamp": time,
                "order_approved_at": time,
                "order_delivered_customer_date": time.where(status == "delivered"),
                "order_estimated_delivery_date": time,
            }
        ),
        "payments": pd.DataFrame(
            {
                "order_id": order[payments].to_numpy(),
                "payment_sequential": 1,
                "payment_type": rng.choice(["credit_card", "boleto"], len(payments)),
                "payment_installments": rng.integers(1, 5, len(payments)),
                "payment_value": rng.integers(500, 20_000, len(payments)) / 100,
            }
        ),
        "items": pd.DataFrame(
            {
                "order_id": order[items].to_numpy(),
                "order_item_id": 1,
                "product_id": "p"
                + pd.Series(rng.integers(0, 50, len(items))).astype(str),
                "seller_id": "s1",
                "shipping_limit_date": "2023-05-05 10:00:00",
                "price": rng.integers(500, 20_000, len(items)) / 100,
                "freight_value": rng.integers(100, 900, len(items)) / 100,
            }
        ),
        "customers": pd.DataFrame(
            {
                "customer_id": customer,
                "customer_unique_id": "u" + base.customer.astype(str) + "9c",
                "customer_zip_code_prefix": rng.integers(1000, 9999, len(base)),
                "customer_city": rng.choice(["sao paulo", "rio"], len(base)),
                "customer_state": rng.choice(["SP", "RJ"], len(base)),
            }
        ),
    }


def superstore() -> pd.DataFrame:
    """Return the retail sample that spreadsheet courses use."""
    rng = np.random.default_rng(7)
    base = _orders()
    lines = base.loc[base.index.repeat(rng.integers(1, 4, len(base)))]
    n = len(lines)
    return pd.DataFrame(
        {
            "Row ID": np.arange(n) + 1,
            "Order ID": "CA-2023-" + lines.number.astype(str).to_numpy(),
            "Order Date": lines.time.dt.strftime("%m/%d/%Y").to_numpy(),
            "Ship Date": (lines.time + pd.Timedelta("3D"))
            .dt.strftime("%m/%d/%Y")
            .to_numpy(),
            "Ship Mode": rng.choice(["Second Class", "Standard Class"], n),
            "Customer ID": "CG-" + lines.customer.astype(str).to_numpy(),
            "Customer Name": "Claire " + lines.customer.astype(str).to_numpy(),
            "Segment": rng.choice(["Consumer", "Corporate"], n),
            "Country": "United States",
            "City": rng.choice(["Henderson", "Los Angeles"], n),
            "State": rng.choice(["Kentucky", "California"], n),
            "Postal Code": rng.integers(10000, 99999, n),
            "Region": rng.choice(["South", "West"], n),
            "Product ID": [f"FUR-{k}" for k in rng.integers(0, 90, n)],
            "Category": rng.choice(["Furniture", "Technology"], n),
            "Sub-Category": rng.choice(["Chairs", "Labels"], n),
            "Product Name": "Chair",
            "Sales": rng.integers(100, 90_000, n) / 100,
            "Quantity": rng.integers(1, 9, n),
            "Discount": rng.choice([0, 0.2, 0.45], n),
            "Profit": rng.integers(-500, 5000, n) / 100,
        }
    )


def telco() -> pd.DataFrame:
    """Return a telephone company's customers with a label and blank totals."""
    rng = np.random.default_rng(8)
    n = 300
    tenure = rng.integers(0, 70, n)
    fee = rng.integers(1800, 11_000, n) / 100
    return pd.DataFrame(
        {
            "customerID": [f"{k}-VHVEG" for k in range(7000, 7000 + n)],
            "gender": rng.choice(["Female", "Male"], n),
            "SeniorCitizen": rng.integers(0, 2, n),
            "tenure": tenure,
            "Contract": rng.choice(["Month-to-month", "Two year"], n),
            "MonthlyCharges": fee,
            "TotalCharges": np.where(tenure == 0, " ", (tenure * fee).round(2)),
            "Churn": rng.choice(["Yes", "No"], n, p=[0.3, 0.7]),
        }
    )


def churn_modelling() -> pd.DataFrame:
    """Return a bank's customers with the label Exited."""
    rng = np.random.default_rng(9)
    n = 300
    return pd.DataFrame(
        {
            "RowNumber": np.arange(n) + 1,
            "CustomerId": rng.permutation(n) + 15_600_000,
            "Surname": rng.choice(["Hargrave", "Hill", "Onio"], n),
            "CreditScore": rng.integers(350, 850, n),
            "Geography": rng.choice(["France", "Spain"], n),
            "Age": rng.integers(18, 90, n),
            "Balance": rng.integers(0, 200_000, n) / 10,
            "Exited": rng.integers(0, 2, n),
        }
    )


def online_retail() -> pd.DataFrame:
    """Return a wholesaler's lines with cancelled invoices C..."""
    rng = np.random.default_rng(10)
    base = _orders()
    back = rng.random(len(base)) < 0.08
    return pd.DataFrame(
        {
            "InvoiceNo": np.where(back, "C", "") + (base.number + 536_000).astype(str),
            "StockCode": [f"85123{'ABC'[k]}" for k in rng.integers(0, 3, len(base))],
            "Description": "WHITE HANGING HEART",
            "Quantity": np.where(back, -1, rng.integers(1, 12, len(base))),
            "InvoiceDate": base.time.dt.strftime("%d/%m/%Y %H:%M"),
            "UnitPrice": rng.integers(50, 900, len(base)) / 100,
            "CustomerID": (base.customer + 17_000).where(rng.random(len(base)) > 0.2),
            "Country": "United Kingdom",
        }
    ).astype({"CustomerID": "Int64"})


def german_till() -> pd.DataFrame:
    """Return a German shop's bills, with decimal commas and cancelled ones."""
    rng = np.random.default_rng(11)
    base = _orders()
    return pd.DataFrame(
        {
            "Rechnungsnummer": base.number,
            "Bestelldatum": base.time.dt.strftime("%d.%m.%Y"),
            "Kundennummer": base.customer + 10_000,
            "Artikelnummer": rng.integers(100, 120, len(base)),
            "Menge": rng.integers(1, 5, len(base)),
            "Betrag": [f"{v:.2f} €".replace(".", ",") for v in base.total],
            "Bestellstatus": rng.choice(
                ["bezahlt", "versendet", "storniert", "teilweise erstattet"],
                len(base),
                p=[0.6, 0.3, 0.06, 0.04],
            ),
        }
    )


def french_shop() -> pd.DataFrame:
    """Return a French shop's orders (PrestaShop's words)."""
    rng = np.random.default_rng(12)
    base = _orders()
    return pd.DataFrame(
        {
            "Référence commande": base.number,
            "Date de commande": base.time.dt.strftime("%d/%m/%Y %H:%M:%S"),
            "N° client": base.customer,
            "Montant TTC": base.total,
            "État": rng.choice(
                PRESTASHOP_STATUSES,
                len(base),
                p=[0.5, 0.25, 0.07, 0.05, 0.05, 0.08],
            ),
        }
    )


def spanish_shop() -> pd.DataFrame:
    """Return a Spanish shop's orders."""
    rng = np.random.default_rng(13)
    base = _orders()
    return pd.DataFrame(
        {
            "numero_pedido": base.number,
            "fecha_pedido": base.time.dt.strftime("%Y-%m-%d"),
            "id_cliente": base.customer,
            "importe": base.total,
            "estado": rng.choice(
                ["Enviado", "Cancelado", "Devuelto"], len(base), p=[0.85, 0.1, 0.05]
            ),
        }
    )
