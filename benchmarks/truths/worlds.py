"""The six shops: one as the purchase process assumes it, five that are not so."""

from __future__ import annotations

from truths.lives import SUNDAY, Handover, Kind, World

WORLDS = (
    World("plain", "plain BG/NBD and Gamma-Gamma"),
    World(
        "season",
        "a yearly season seen twice, the horizon around its crest",
        days=1146,
        season=1.0,
        peak_day=1176,
    ),
    World(
        "wholesale",
        "one customer in twenty is a wholesaler who orders more often and far more",
        kinds=(
            Kind(share=0.95),
            Kind(share=0.05, r=1.5, alpha=15, a=0.4, b=8, p=2, q=2.2, v=600),
        ),
    ),
    World("growing", "nine times as many new customers at the end", growth=2.2),
    World("sundays", "closed on Sundays", closed_weekday=SUNDAY),
    World(
        "handover",
        "changed hands in mid-history: a third left at once, the others slowed down",
        handover=Handover(day=365, leaving_share=0.35, pace=0.7),
    ),
)
