from __future__ import annotations

import pandas as pd
import pytest
from tests.init.logs import log, read, sources


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
