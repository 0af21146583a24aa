"""Why somebody reports somebody."""

from enum import StrEnum


class ReportCategory(StrEnum):
    SPAM = "spam"
    LEGAL = "legal"
    VIOLATION = "violation"
    OTHER = "other"
