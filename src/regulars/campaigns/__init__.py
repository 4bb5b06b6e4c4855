"""Campaigns: whom to offer what within a budget, and whether it worked."""
