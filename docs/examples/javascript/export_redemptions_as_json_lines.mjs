// GET /ext/v1/redemptions/export.jsonl: what was redeemed since 2025 as JSON lines.
// It comes piece by piece, however large it is. Scope: events:read.

import { save } from "./client.mjs";

await save("/ext/v1/redemptions/export.jsonl?from=2025-01-01T00:00:00Z");
