"""What the node has beyond Mastodon, under /api/fedishare/v1; its document for app writers is made from this code."""
