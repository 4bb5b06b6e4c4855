"""Which currency a sign, a code or a column's name stands for."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from regulars.data.column_names import name_score

if TYPE_CHECKING:
    from regulars.data.number_formats import NumberFormat
    from regulars.data.reading import RawTable

_DOLLARS = ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "TWD", "ARS", "CLP", "COP")

SIGNS: dict[str, tuple[str, ...]] = {
    "$": _DOLLARS,
    **dict.fromkeys(("US$", "U$", "USD$", "$US"), ("USD",)),
    **dict.fromkeys(("CA$", "C$", "CAD$", "$CA"), ("CAD",)),
    **dict.fromkeys(("A$", "AU$", "AUD$"), ("AUD",)),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    **dict.fromkeys(("S$", "SG$"), ("SGD",)),
    "NT$": ("TWD",),
    **dict.fromkeys(("MX$", "Mex$"), ("MXN",)),
    "R$": ("BRL",),
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "JP¥": ("JPY",),
    "円": ("JPY",),
    **dict.fromkeys(("CN¥", "元", "RMB"), ("CNY",)),
    "₹": ("INR",),
    **dict.fromkeys(("Rs", "Rs.", "₨"), ("INR", "PKR", "LKR", "NPR")),
    "₩": ("KRW",),
    "₺": ("TRY",),
    "TL": ("TRY",),
    "₽": ("RUB",),
    **dict.fromkeys(("руб", "руб.", "р."), ("RUB",)),  # noqa: RUF001
    "₴": ("UAH",),
    "грн": ("UAH",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "lei": ("RON",),
    **dict.fromkeys(("лв", "лв."), ("BGN",)),
    **dict.fromkeys(("kr", "kr."), ("SEK", "NOK", "DKK", "ISK")),
    **dict.fromkeys(("Fr", "Fr.", "SFr", "SFr.", "sFr."), ("CHF",)),
    "₪": ("ILS",),
    "฿": ("THB",),
    "₫": ("VND",),
    "₱": ("PHP",),
    "₦": ("NGN",),
    "₵": ("GHS",),
    "₸": ("KZT",),
    "₾": ("GEL",),
    "₼": ("AZN",),
    "₡": ("CRC",),
    "₲": ("PYG",),
    "৳": ("BDT",),
    "R": ("ZAR",),  # codespell:ignore
    "Rp": ("IDR",),
    "RM": ("MYR",),
    **dict.fromkeys(("KSh", "KSh."), ("KES",)),
    **dict.fromkeys(("S/", "S/."), ("PEN",)),
}
"""Signs and the codes they may stand for, the likeliest first."""

_LISTED = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL "
    "BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD "
    "EGP ERN ETB EUR FJD GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR "
    "ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR "
    "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR "
    "SDG SEK SGD SLE SOS SRD SSP SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER "
    "ZAR ZMW"  # codespell:ignore
)
_CODES = frozenset(_LISTED.split())
# Codes that are also words, in the name of a column or in small letters.
_WORD_CODES = "ALL BAM COP CUP DOP GEL LAK MAD MOP NAD PEN SOS TOP"
_WORDS = frozenset(_WORD_CODES.split())
_NAMES = {
    **dict.fromkeys(("EURO", "EUROS"), "EUR"),
    **dict.fromkeys(("DOLLAR", "DOLLARS"), "USD"),
    **dict.fromkeys(("RUPEE", "RUPEES"), "INR"),
    **dict.fromkeys(("REAIS",), "BRL"),
    "YEN": "JPY",
    "YUAN": "CNY",
}
_DEFAULT = "USD"


def codes_of(sign: str) -> tuple[str, ...] | None:
    """Return the codes that a sign may stand for; None where it is no currency's."""
    if sign in SIGNS:
        return SIGNS[sign]
    for known, codes in SIGNS.items():
        if len(known) > 1 and known.casefold() == sign.casefold():
            return codes
    code = sign.upper()
    if code in _CODES and (sign == code or code not in _WORDS):
        return (code,)
    is_sign = len(sign) == 1 and unicodedata.category(sign) == "Sc"
    return () if is_sign else None


def usual_code(sign: str) -> str | None:
    """Return the one code that a sign stands for; a bare ``$`` is the US dollar's."""
    if sign == "$":
        return "USD"
    codes = codes_of(sign) or ()
    return codes[0] if len(codes) == 1 else None


def currency_in_name(name: str) -> tuple[str, str] | None:
    """Return a sign, code or word in a column's name, and its currency."""
    for match in re.finditer(r"[A-Za-z]{0,3}[^\w\s.,:;()\[\]/#%&*+-]", name):
        sign = match.group()
        for each in (sign, sign[-1]):
            code = usual_code(each)
            if code is not None:
                return each, code
    for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name):
        code = word.upper()
        if code in _NAMES:
            return word, _NAMES[code]
        if code in _CODES - _WORDS:
            return word, code
    ending = re.search(r"(?i)(usd|eur|gbp|dollars?)$", name)
    if ending is not None:
        word = ending.group()
        return word, _NAMES.get(word.upper(), word.upper())
    return None


def currencies_in(column: Any) -> dict[str, int]:
    """Return the currencies in a column and how many rows each has, most first.

    Empty where the column holds anything but signs and codes.
    """
    if not column.type().is_string():
        return {}
    rows = column.as_table().select(text=column.strip())
    rows = rows.filter(rows.text.length() > 0)
    counted = rows.group_by("text").aggregate(n=rows.count()).limit(200)
    counts: dict[str, int] = {}
    for row in counted.to_pyarrow().to_pylist():
        codes = codes_of(row["text"])
        if not codes:
            return {}
        code = usual_code(row["text"]) or codes[0]
        counts[code] = counts.get(code, 0) + int(row["n"])
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def counted_list(counts: dict[str, int]) -> str:
    """Return counts of rows in words."""
    return ", ".join(f"{code} {n:,} row{'s'[: n != 1]}" for code, n in counts.items())


def currency_column(raw: RawTable) -> tuple[str, dict[str, int]] | None:
    """Return the column that says the currency of each row, and how many rows of each.

    None where there is none, or it holds anything but currencies.
    """
    named = [name for name in raw.columns if name_score(name, "currency") > 0]
    for name in sorted(named, key=lambda name: -name_score(name, "currency")):
        counts = currencies_in(raw.table[name])
        if counts:
            return name, counts
    return None


def guess_currency(
    forms: list[NumberFormat], names: list[str], raw: RawTable
) -> tuple[str, str]:
    """Return the currency of the amounts, and the note that says why."""
    column = currency_column(raw)
    counts = column[1] if column else {}
    name = column[0] if column else ""
    code, note = _of_signs_and_names(forms, names, counts, name)
    if len(counts) > 1:
        note = (
            f"{note}; but '{name}' has several ({counted_list(counts)}), and a log has "
            f"one: keep one by where, or convert the amounts"
        )
    return code, note


def _of_signs_and_names(
    forms: list[NumberFormat], names: list[str], counts: dict[str, int], column: str
) -> tuple[str, str]:
    named = [(name, *pair) for name in names if (pair := currency_in_name(name))]
    hints = [
        (code, f"from '{sign}' in the name of '{name}'") for name, sign, code in named
    ]
    if len(counts) == 1:
        hints.append((next(iter(counts)), f"from the column '{column}'"))
    signed = next((form for form in forms if form.codes), None)
    if signed is not None:
        sign = signed.signs[0]
        possible = SIGNS["$"] if signed.signs == ("$",) else signed.codes
        fitting = [hint for hint in hints if hint[0] in possible]
        if fitting:
            return fitting[0]
        if signed.currency is not None:
            return signed.currency, f"from '{sign}' in the amounts"
        others = " or ".join(signed.codes)
        return signed.codes[0], f"'{sign}' in the amounts may be {others}: say which"
    if hints:
        return hints[0]
    first = next(iter(counts), _DEFAULT)
    source = f"the most frequent in '{column}'" if counts else "not told by the file"
    return first, f"{source}: a label only, nothing is converted"
