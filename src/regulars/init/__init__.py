"""Look at unknown files and propose a configuration."""

from regulars.init.guess import guess_config
from regulars.init.guess_text import GuessedConfig, render_config
from regulars.init.proposal import Proposal, propose

__all__ = [
    "GuessedConfig",
    "Proposal",
    "guess_config",
    "propose",
    "render_config",
]
