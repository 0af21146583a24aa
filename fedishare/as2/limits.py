"""How much of a document is read: what is over is cut off, or left out. FEDERATION.md publishes them."""

from typing import Final

MAX_ADDRESSED: Final = 1000
MAX_TAGS: Final = 100
MAX_ATTACHMENTS: Final = 16
MAX_OPTIONS: Final = 50
MAX_FIELDS: Final = 50
MAX_FIELD: Final = 2047
MAX_NAME: Final = 2048
MAX_SUMMARY: Final = 20_000
MAX_ALT: Final = 10_000
MAX_KEYS: Final = 10
MAX_ALIASES: Final = 256
MAX_REPORTED: Final = 200
MAX_FILES: Final = 20
MAX_CONCEPTS: Final = 10
MAX_ALIGNMENTS: Final = 40
MAX_KEYWORDS: Final = 50
MAX_BASES: Final = 10
MAX_DEPTH: Final = 10
MAX_WORD: Final = 200
MAX_SENTENCE: Final = 1000
MAX_PEM: Final = 16 << 10
MAX_PIXELS: Final = 100_000
