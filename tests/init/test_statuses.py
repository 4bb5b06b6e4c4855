from __future__ import annotations

import pytest

from regulars.init.statuses import is_no_sale

NO_SALE = (
    *("cancelled", "Canceled", "CANCELED", "wc-cancelled", "Cancelled by customer"),
    *("refunded", "wc-refunded", "Fully refunded", "refund", "Returned"),
    *("failed", "wc-failed", "Payment failed", "payment_failed", "declined", "Denied"),
    *("voided", "expired", "unavailable", "Chargeback", "Reversed", "fraud"),
    *("requires_payment_method", "checkout-draft", "Incomplete", "Abandoned"),
    *("Payment error", "Shipped - Returned to Seller", "Shipped - Rejected by Buyer"),
    *("storniert", "Storno", "abgebrochen", "Fehlgeschlagen", "erstattet", "Abgelehnt"),
    *("Rückerstattet", "zurückerstattet", "retourniert"),
    *("Annulé", "annulée", "Remboursé", "Erreur de paiement", "Paiement refusé"),
    *("Cancelado", "cancelada", "Anulado", "Reembolsado", "Devuelto", "Rechazado"),
    *("Error en pago", "annullato", "Rimborsato", "geannuleerd"),
)
KEPT = (
    *("completed", "wc-completed", "processing", "paid", "Paid", "delivered"),
    *("shipped", "pending", "on-hold", "wc-pending", "authorized", "approved"),
    *(
        "partially_refunded",
        "Partially refunded",
        "partial_refund",
        "PartiallyRefunded",
    ),
    *("refunded_partially", "teilweise erstattet", "Partiellement remboursé"),
    *("Parcialmente reembolsado", "refund requested", "Cancellation requested"),
    *("refund pending", "Canceled Reversal", "not cancelled", "No refund"),
    *("nicht storniert", "Disputed", "", "1", "6", "bezahlt", "Livré", "Enviado"),
    *("complete", "closed", "unfulfilled", "invoiced"),
)


@pytest.mark.parametrize("status", NO_SALE)
def test_plain_word_for_a_sale_that_was_none_or_was_undone(status):
    assert is_no_sale(status)


@pytest.mark.parametrize("status", KEPT)
def test_what_is_not_plain_is_kept(status):
    assert not is_no_sale(status)
