"""Names that columns commonly have, and how well a name fits one of ours.

English first; then the German, French, Spanish, Italian, Portuguese and Dutch words of
shop systems and tills.
"""

from __future__ import annotations

import re
import unicodedata

SYNONYMS: dict[str, str] = {
    "customer_id": (
        "customerid customer custid cust customeruniqueid customerno customernumber "
        "customernum customerkey customercode clientnumber "
        "householdid householdkey household hshdnum memberid member membernumber "
        "userid user clientid client buyerid buyer shopperid visitorid accountid "
        "account accountnumber contactid cardid cardnumber loyaltyid guestid donorid "
        "patronid subscriberid customeruserid customeruser consumerid personid cid uid "
        "kundennummer kundennr kundenid kundeid kunde kdnr debitor debitorennummer "
        "debitornr mitgliedsnummer benutzerid "
        "idclient numeroclient numclient noclient nclient codeclient refclient "
        "clienteid idcliente cliente numerocliente codigocliente codcliente numcliente "
        "comprador codicecliente klantnummer klantid klantnr klant "
        "customeremail customeremailaddress emailbilling billingemail buyeremail "
        "contactemail useremail clientemail email emailaddress mail kundenemail "
        "courriel correo correoelectronico msisdn customername buyername clientname "
        "kundenname nomclient nombrecliente id"
    ),
    "order_time": (
        "ordertime orderdate orderedat orderdatetime ordertimestamp invoicedate "
        "transactiontime transactiondate transactiontimestamp purchasedate "
        "purchasetime orderpurchasetimestamp saledate salesdate createdat placedat "
        "datecreated datecreatedgmt createddate orderplacedat orderplaceddate "
        "ordercreatedat ordercreated ordercreateddate purchasedat purchasedon "
        "orderedon datepurchase dateorder dateordered "
        "paidat paiddate datepaid datetime timestamp date createdon created "
        "processedat completedat time day when dt "
        "bestelldatum bestelltam bestellzeit auftragsdatum kaufdatum verkaufsdatum "
        "rechnungsdatum buchungsdatum belegdatum transaktionsdatum zeitstempel datum "
        "datecommande dateachat datevente "
        "datefacture datefacturation datetransaction "
        "fechapedido fechacompra fechaventa fechaorden "
        "fechafactura fechatransaccion fecha datapedido datacompra dataordine "
        "dataacquisto data besteldatum"
    ),
    "amount": (
        "amount amt orderamount totalamount ordertotal ordertotalamount linetotal "
        "salesvalue salesamount sales netsales revenue netrevenue turnover dollars "
        "dollarvalue spend spent paymentvalue paymentamount purchaseamount "
        "purchasevalue total grandtotal totalprice totalsales totalpaid totalcost "
        "lineamount ordervalue extendedprice nettotal netamount grossamount "
        "invoiceamount transactionamount transactionvalue basegrandtotal "
        "grandtotalbase grandtotalpurchased "
        "subtotal ordersubtotal ordersubtotalamount payment paid value monetary net "
        "gross nrevenue "
        "betrag gesamtbetrag umsatz gesamtumsatz gesamtpreis gesamtsumme "
        "rechnungsbetrag rechnungssumme endbetrag bruttobetrag nettobetrag "
        "bruttoumsatz nettoumsatz bestellwert warenwert summe gesamt wert erlos "
        "montant montanttotal montantttc montantht totalttc totalht prixtotal "
        "chiffreaffaires ca "
        "importe importetotal monto montototal ventas preciototal valortotal valor "
        "importo totale bedrag totaalbedrag omzet"
    ),
    "unit_price": (
        "unitprice priceeach itemprice unitcost listprice price priceperunit "
        "lineitemprice itemcost productprice sellingprice saleprice "
        "einzelpreis stuckpreis stueckpreis preis prixunitaire prixunite pu prix "
        "preciounitario precio prezzounitario prezzo valorunitario preco "
        "stukprijs prijs"
    ),
    "order_id": (
        "orderid order ordernumber orderno ordernum ordername orderref orderreference "
        "invoice invoiceno invoiceid invoicenumber incrementid salesorder "
        "salesorderid basketid basket cartid transactionid transaction receiptid "
        "receipt receiptno receiptnumber saleid ticketid billno billnumber billid "
        "checkid paymentid chargeid "
        "bestellnummer bestellnr bestellid bestellung auftragsnummer auftragsnr "
        "auftrag rechnungsnummer rechnungsnr rechnung belegnummer belegnr "
        "bonnummer bonnr numerocommande numcommande nocommande ncommande idcommande "
        "commande refcommande referencecommande numerofacture numfacture nofacture "
        "facture numeropedido numpedido idpedido pedido pedidoid "
        "numeroorden numerofactura nofactura factura ordineid idordine ordine "
        "numeroordine ordernummer bestelnummer"
    ),
    "product_id": (
        "productid product productcode sku productsku stockcode itemid item itemcode "
        "articleid article articlenumber lineitemsku lineitemname upc ean asin "
        "productname itemname description "
        "artikelnummer artikelnr artikel artikelid artikelbezeichnung produkt "
        "produktid produktname produit idproduit codeproduit nomproduit "
        "referenceproduit refproduit codearticle designation producto idproducto "
        "codigoproducto nombreproducto articulo prodotto produto"
    ),
    "category": (
        "category productcategory categoryname productcategoryname department "
        "producttype productline subcategory family commodity "
        "kategorie warengruppe produktgruppe artikelgruppe categorie famille rayon "
        "categoria familia"
    ),
    "quantity": (
        "quantity qty units pieces numberofcds cds nitems itemcount orderquantity "
        "lineitemquantity quantityrefund qtyordered itemquantity itemssold "
        "numitemssold menge anzahl stuck stuckzahl stueck stueckzahl "
        "quantite qte quantites cantidad cant unidades quantita quantidade qtd aantal"
    ),
    "discount_amount": (
        "discountamount discount discounttotal totaldiscount cartdiscount "
        "cartdiscountamount orderdiscount retaildisc coupondisc rebate "
        "rabatt rabattbetrag nachlass remise descuento sconto desconto korting"
    ),
    "channel": (
        "channel saleschannel orderchannel shipmode source ordersource kanal "
        "vertriebskanal canal"
    ),
    "store_id": (
        "storeid store shopid shop branch branchid location filiale filialnummer "
        "magasin boutique tienda negozio winkel"
    ),
    "is_return": (
        "isreturn isrefund returned refunded return refund returnflag "
        "retoure ruckgabe istretoure retour devolucion"
    ),
    "currency": (
        "currency currencycode ordercurrency paymentcurrency currencyiso wahrung "
        "waehrung devise moneda divisa valuta moeda"
    ),
    "refunded_amount": (
        "amountrefunded refundedamount refundamount totalrefunded totalrefund "
        "orderrefundamount orderrefundtotal refundtotal refundedtotal "
        "erstattungsbetrag erstatteterbetrag montantrembourse importereembolsado"
    ),
    "started_at": (
        "startedat startdate started start subscriptionstart subscriptionstartdate "
        "contractstart contractstartdate validfrom activatedat activationdate "
        "signupdate signedupat joinedat joined begindate begin fromdate "
        "vertragsbeginn beginn startdatum datedebut debut fechainicio inicio"
    ),
    "ended_at": (
        "endedat enddate ended end subscriptionend subscriptionenddate contractend "
        "contractenddate validto validuntil cancelledat canceledat cancellationdate "
        "cancelleddate canceleddate terminatedat terminationdate churndate churnedat "
        "todate until vertragsende ende enddatum kundigungsdatum datefin fin fechafin "
        "fechabaja"
    ),
    "plan": (
        "plan planname plantype planid tier package subscriptiontype contracttype "
        "tarif abo formule tarifa"
    ),
    "monthly_amount": (
        "monthlyamount monthlycharges monthlycharge monthlyfee monthlyprice mrr "
        "monthlyrevenue pricepermonth price fee amount monatsbeitrag monatspreis "
        "prixmensuel cuotamensual cuota"
    ),
    "label": (
        "churn churned ischurn ischurned haschurned churnlabel churnflag churnvalue "
        "churnstatus exited attrition attritionflag attrited hasleft left "
        "iscancelled iscanceled cancelled canceled gekundigt abgewandert label target"
    ),
    "row_date": "snapshotdate snapshot asof asofdate observationdate cutoff rowdate",
}
"""Names that are common for each column, the likeliest first, without separators."""

_UNITS = re.compile(
    r"[\s_]*[(\[][^)\]]*[)\]]\s*$|[\s_]+(in[\s_]+)?"
    r"(usd|eur|gbp|chf|brl|inr|cad|aud|jpy|sek|nok|dkk|pln|euro|euros|dollars|utc|gmt)$",
    re.IGNORECASE,
)
_FILLERS = re.compile(
    r"(of|the|de|du|des|del|della|di|da|do|d|l|la|le|der|vom|von)",
)


def name_key(name: str) -> str:
    """Return a column's name without case, accents, separators and small words."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.findall(r"[a-z0-9]+", bare)
    telling = [word for word in words if not _FILLERS.fullmatch(word)]
    return "".join(telling or words)


def name_score(name: str, column: str) -> float:
    """Return how well a name fits: 1 for the likeliest, 0.5 for the last, 0 for others.

    A unit behind the name is no part of it: ``Amount (EUR)``, ``created date (UTC)``;
    nor is the table before it: ``orders.customer_id``.
    """
    names = SYNONYMS[column].split()
    bare = _UNITS.sub("", name)
    for factor, text in ((1.0, name), (0.99, bare), (0.98, bare.rpartition(".")[2])):
        key = name_key(text)
        if key in names:
            return factor * (1.0 - 0.5 * names.index(key) / len(names))
    return 0.0
