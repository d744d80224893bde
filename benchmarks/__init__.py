"""The asv suite, the documented designs as yardsticks, and the tools that judge results."""
