"""Whether a challenger replaces the champion.

The log losses of both on the same test window come in, a decision with its reason goes
out. Champion and challenger are compared by models that had not seen the window: every
registered model carries, beside the model that scores, the one it was tested with.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """The outcome of a comparison.

    Attributes
    ----------
    is_champion : bool
        Whether the challenger takes the alias.
    reason : str
        Why, in a sentence.
    """

    is_champion: bool
    reason: str


def decide(
    challenger: float | None, champion: float | None, *, has_champion: bool
) -> Decision:
    """Compare a challenger with the champion.

    Parameters
    ----------
    challenger, champion : float or None
        Log loss on the same test window; None where there was no window, or where
        the champion could not be scored on it.
    has_champion : bool
        Whether there is a champion at all.

    Returns
    -------
    Decision

    Examples
    --------
    >>> decide(0.31, 0.32, has_champion=True).is_champion
    True
    >>> decide(0.33, 0.32, has_champion=True).reason
    'log loss 0.3300 on the test window is worse than the champion 0.3200'
    >>> decide(0.33, None, has_champion=False).reason
    'first model under this name'
    """
    if not has_champion:
        return Decision(True, "first model under this name")
    if challenger is None:
        return Decision(
            False, "the log is too short for a test window: nothing to compare on"
        )
    if champion is None:
        return Decision(
            True, "the champion cannot score this log: its features are not there"
        )
    better = challenger <= champion
    word = "no worse" if better else "worse"
    return Decision(
        better,
        f"log loss {challenger:.4f} on the test window is {word} than the champion "
        f"{champion:.4f}",
    )
