<?php

// GET /ext/v1/redemptions/export.jsonl: what was redeemed since 2025 as JSON lines.
// It comes piece by piece, however large it is. Scope: events:read.

require __DIR__ . '/client.php';

save('/ext/v1/redemptions/export.jsonl?from=2025-01-01T00:00:00Z');
