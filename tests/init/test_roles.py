from __future__ import annotations

import pytest
from tests.init.test_unknown import opened

from regulars.init.roles import guess_columns


def roles(folder, header, *rows):
    file = opened(folder, "\n".join([header, *rows]) + "\n")
    return guess_columns(file.profiles, file.raw, file.sample)


def test_share_is_no_discount(tmp_path):
    rows = [f"c{n},2024-01-0{n},{n}.5,0.{n}" for n in range(1, 6)]
    guess = roles(tmp_path, "customer,date,amount,discount", *rows)
    assert "discount_amount" not in guess.columns
    assert "holds shares" in guess.notes["left_out.discount_amount"]


def test_price_without_a_quantity_is_the_amount(tmp_path):
    rows = [f"c{n},2024-01-0{n},{n}.5" for n in range(1, 6)]
    assert roles(tmp_path, "customer,date,price", *rows).columns["amount"] == "price"


@pytest.mark.parametrize(("name", "form"), [("Name", "#{}"), ("id", "ch_{}")])
def test_order_is_known_by_the_look_of_its_number(tmp_path, name, form):
    rows = [f"c{n},2024-01-0{n},{n}.5,{form.format(n)}" for n in range(1, 6)]
    guess = roles(tmp_path, f"customer,date,amount,{name}", *rows)
    assert guess.columns["order_id"] == name
