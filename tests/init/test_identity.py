from __future__ import annotations

import numpy as np
import pytest
from tests.init.logs import log, read, sources


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
