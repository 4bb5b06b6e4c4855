"""Read the words of an order's status: cancelled, refunded, failed, or in doubt.

English, German, French, Spanish, Italian, Portuguese and Dutch, with and without
accents.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from regulars.data.column_names import name_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.init.profile import ColumnProfile

_STATUS_NAME = re.compile(
    r"status|^state$|orderstate|paymentstate|currentstate|statut|estado|etat|stato|"
    r"zustand|situacao|^stage$|outcome$|^result$|resultcode|responsecode"
)
# What is said of the customer or the shipment's papers, not of the sale.
_OTHER_STATUS = re.compile(
    r"customer(?!order)|account|member|subscri|user|marital|employ|plan|loyalty|email|"
    r"card|kunde|client|civil|familien|license|returning|ticket|tax"
)
_STEMS = (
    # cancelled
    r"cancel\w*|cancell\w*|annul\w*|anul\w*|stornier\w*|storno\w*|abgebrochen\w*|"
    r"geannuleerd\w*|anulowan\w*|void|voided|withdrawn|widerrufen|"
    # failed
    r"fail|failed|failure|declined|denied|rejected|refused|error|erreur|fehler\w*|"
    r"fehlgeschlagen\w*|abgelehnt\w*|refusee?|echoue?e?|echec|fallid[oa]|falhou|"
    r"rechazad[oa]|recusad[oa]|rifiutat[oa]|fallit[oa]|mislukt|"
    r"unavailable|indisponible|nichtverfugbar|expired|expiree?|abgelaufen\w*|"
    r"expirad[oa]|vencid[oa]|scadut[oa]|timeout|abandoned|abandonnee?|abandonad[oa]|"
    r"fraud\w*|blocked|incomplete|draft|entwurf|trash|deleted|geloscht|"
    r"requirespaymentmethod|"
    # sent back
    r"refund|refunded|chargeback|chargedback|reversed|returns?|returned|erstattet\w*|"
    r"(zu)?ruckerstatt\w*|gutgeschrieben|retourniert\w*|retoure|zuruckgesandt|"
    r"rembours\w*|reembols\w*|rimbors\w*|devuelt[oa]|devolvid[oa]|retournee?|"
    r"terugbetaald|zwrocon[oey]"
)
_NO_SALE = re.compile(rf"({_STEMS})")
# Words that take the plainness away: half refunds, wishes, and what did not happen.
_DOUBT = re.compile(
    r"(partial\w*|partiel\w*|parcial\w*|parzial\w*|teil\w*|gedeeltelijk|part|"
    r"not?|non|nicht|kein\w*|never|jamais|nunca|un|sans|without|ohne|sin|"
    r"request\w*|pending|await\w*|angefragt|beantragt|demandee?|solicitad[oa]|"
    r"process|processing|progress|initiated|reversal|"
    r"retry|retrying|possible|maybe|under|review|dispute\w*)"
)
_UNPAID = re.compile(
    r"(pending|hold|holded|onhold|await\w*|unpaid|authori[sz]ed|open|offen|wartet|"
    r"ausstehend|attente|pendiente|pendente|attesa|pendingpayment|reminded|"
    r"unconfirmed|overdue|disputed?)"
)


def is_no_sale(status: str) -> bool:
    """Say whether a status plainly means that there was no sale, or that it was undone.

    >>> is_no_sale("wc-cancelled"), is_no_sale("partially_refunded"), is_no_sale("paid")
    (True, False, False)
    """
    words = words_of(status)
    if is_in_doubt(words):
        return False
    joined = "".join(words)
    return any(_NO_SALE.fullmatch(word) for word in (*words, joined))


def is_in_doubt(words: Sequence[str]) -> bool:
    """Say whether a word takes the plainness of the others away: partial, requested."""
    return any(_DOUBT.fullmatch(word) for word in words)


def is_status(profile: ColumnProfile) -> bool:
    """Say whether a column is named as a status of orders is."""
    key = name_key(profile.name)
    return bool(_STATUS_NAME.search(key) and not _OTHER_STATUS.search(key))


def words_of(status: str) -> list[str]:
    """Return the words of a status in small letters without accents."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", status)
    plain = unicodedata.normalize("NFKD", spaced.lower())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[a-z]+", bare)


def is_doubtful(status: str) -> bool:
    """Say whether a status leaves open whether there was a sale: pending, half."""
    words = words_of(status)
    joined = "".join(words)
    doubt = any(_UNPAID.fullmatch(word) for word in (*words, joined))
    half = any(_NO_SALE.fullmatch(word) for word in words)
    return doubt or half or joined in {"closed", "ferme"}
