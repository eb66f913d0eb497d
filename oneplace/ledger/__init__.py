"""The audit: append-only and hash-chained. Actor, subject and purpose are opaque keys; no user, no person model."""
