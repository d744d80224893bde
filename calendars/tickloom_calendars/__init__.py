"""Expiry rules, holidays and symbol grammars of exchanges, registered like any plugin."""
