"""Rows as they come from readers: cleaned, checked, transformed, dated."""
